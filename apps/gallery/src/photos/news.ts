import type { Services } from "gatehouse";
import type { Live } from "gatehouse/live";
import { followAssets } from "./asset-news.ts";
import { photosTopic } from "./photo-grid.ts";

/** Tells open pages of an event when its photos change: they fill while guests look at them. */
export function followPhotos(
  services: Pick<Services, "events" | "store" | "media">,
  live: Pick<Live, "publish">,
): void {
  followAssets(services, ({ tenant, collection }) => live.publish(tenant, photosTopic(collection)));
}
