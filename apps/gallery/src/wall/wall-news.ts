import type { Services } from "gatehouse";
import { followAssets } from "../photos/asset-news.ts";

/** Tells walls which photos have become visible, and which are not any more. Each news counts once. */
export function followPhotosOnWalls({
  realtime,
  ...services
}: Pick<Services, "events" | "store" | "media" | "realtime">): void {
  followAssets(services, ({ id, tenant, collection, asset, isVisible }) =>
    realtime.perform(
      { tenant, type: "wall", key: [collection] },
      { command: isVisible ? "publish" : "withdraw", input: { photo: asset }, idempotencyKey: id },
    ),
  );
}
