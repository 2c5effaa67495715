import type { Services } from "gatehouse";
import type { Live } from "gatehouse/live";
import { mediaEvents } from "gatehouse/media";
import { photosTopic } from "./photo-grid.ts";

/** What changes who sees which photos, and what guests are told of their own. */
const NEWS: ReadonlySet<string> = new Set(
  [
    mediaEvents.media_asset_published,
    mediaEvents.media_asset_held,
    mediaEvents.media_asset_refused,
    mediaEvents.media_asset_moderated,
    mediaEvents.media_asset_deleted,
    mediaEvents.malicious_media_found,
  ].map(({ name }) => name),
);

/** Tells open pages of an event when its photos change: they fill while guests look at them. */
export function followPhotos(
  { events, store, media }: Pick<Services, "events" | "store" | "media">,
  live: Pick<Live, "publish">,
): void {
  events.subscribe(({ name, outcome, target, tenant }) => {
    if (!NEWS.has(name) || outcome !== "success" || target === undefined) return;
    const id = target.replace(/^asset:/, "").replaceAll("-", "");
    void store
      .read((transaction) => media.assets.find(transaction, id))
      .then((asset) => asset !== undefined && live.publish(tenant, photosTopic(asset.collection)))
      // A page that misses this hears of the next one, and shows all of it when it is loaded again.
      .catch(() => undefined);
  });
}
