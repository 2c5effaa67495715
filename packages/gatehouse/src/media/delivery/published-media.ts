import type { MediaAssets } from "../../kernel/ports/media-assets.ts";
import type { Store } from "../../kernel/ports/store.ts";

/** One form of a published asset. */
export interface PublishedFile {
  readonly tenant: string;
  /** At the storage target. */
  readonly key: string;
  readonly type: string;
  readonly bytes: number;
  /** In hexadecimal digits. */
  readonly sha256: string;
  /** By its sender's word. */
  readonly name: string;
}

/** Finds what may be delivered. */
export interface PublishedMedia {
  /** `undefined` for an asset that is not there or not published, and for a form that it has not. */
  find(asset: string, variant: string): Promise<PublishedFile | undefined>;
}

/** Finds it among the assets of a store. */
export function publishedMedia(
  store: Pick<Store, "read">,
  assets: Pick<MediaAssets, "find" | "variants">,
): PublishedMedia {
  return {
    find: (id, name) =>
      store.read(async (transaction) => {
        const asset = await assets.find(transaction, id);
        if (asset?.state !== "published") return undefined;
        const variants = (await assets.variants(transaction, [id])).get(id);
        const variant = variants?.find((candidate) => candidate.name === name);
        if (variant === undefined) return undefined;
        const { key, type, bytes, sha256 } = variant;
        return { tenant: asset.tenant, key, type, bytes, sha256, name: asset.name };
      }),
  };
}
