import type { Services } from "gatehouse";
import { followAssets } from "../photos/asset-news.ts";
import { removeCaptions } from "./captions.ts";

/** Forgets what was said of photos once they are deleted: nobody could see it, and it may say whom they showed. */
export function forgetCaptions(services: Pick<Services, "events" | "store" | "media">): void {
  const { store, media } = services;
  followAssets(services, async ({ tenant, asset: photo, isVisible }) => {
    if (isVisible || (await store.read((transaction) => media.assets.find(transaction, photo))) !== undefined) return;
    await store.write((transaction) => removeCaptions(transaction, { tenant, photo }));
  });
}
