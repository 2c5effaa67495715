import type { Services } from "gatehouse";
import type { SecurityEvent } from "gatehouse/kernel";
import { mediaEvents } from "gatehouse/media";

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

/** Something has become of a file. */
export interface AssetNews {
  /** The same for whoever hears of it. */
  readonly id: string;
  readonly tenant: string;
  /** The event whose file it is. */
  readonly collection: string;
  readonly asset: string;
  readonly isVisible: boolean;
}

type NewsParts = Pick<Services, "events" | "store" | "media">;

/** Hears what becomes of files, in this process. */
export function followAssets(parts: NewsParts, heard: (news: AssetNews) => unknown): void {
  parts.events.subscribe((event) => {
    if (!NEWS.has(event.name) || event.outcome !== "success" || event.target === undefined) return;
    void newsOf(parts, event)
      .then((news) => news && heard(news))
      // A page that misses this hears of the next one, and shows all of it when it is loaded again.
      .catch(() => undefined);
  });
}

/** Of a file that was deleted nothing is left but what the event says. */
async function newsOf(
  { store, media }: NewsParts,
  { id, tenant, target = "", context }: SecurityEvent,
): Promise<AssetNews | undefined> {
  const asset = target.replace(/^asset:/, "").replaceAll("-", "");
  const found = await store.read((transaction) => media.assets.find(transaction, asset));
  const collection = found?.collection ?? context["collection"];
  if (typeof collection !== "string") return undefined;
  return { id, tenant, collection, asset, isVisible: found?.state === "published" };
}
