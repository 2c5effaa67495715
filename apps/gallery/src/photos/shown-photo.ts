import type { MediaServices } from "gatehouse/media";
import type { MediaAsset, MediaGrant, MediaVariant, ReadTransaction } from "gatehouse/kernel";

/** One form of a photo, where it can be fetched for a while. */
export interface ShownForm {
  readonly address: string;
  readonly type: string;
  readonly bytes: number;
  /** In pixels; absent for videos. */
  readonly width?: number;
  readonly height?: number;
}

/** A photo or a video that somebody may look at. */
export interface ShownPhoto {
  readonly id: string;
  readonly isVideo: boolean;
  /** Epoch milliseconds. */
  readonly receivedAt: number;
  readonly forms: Readonly<Record<string, ShownForm>>;
}

/** Where a list of photos goes on. */
export interface PhotoPlace {
  readonly receivedAt: number;
  readonly id: string;
}

type Media = Pick<MediaServices, "assets" | "addresses">;

interface Page {
  readonly limit: number;
  readonly after?: PhotoPlace | undefined;
}

/** The photos of a collection that are visible under a grant, the newest first. */
export async function listPhotos(
  transaction: ReadTransaction,
  { assets, addresses }: Media,
  { grant, limit, after }: Page & { readonly grant: MediaGrant },
): Promise<readonly ShownPhoto[]> {
  const { tenant, collection } = grant;
  const found = await assets.list(transaction, {
    ...{ tenant, collection, limit, states: ["published"] },
    ...(after === undefined ? {} : { after }),
  });
  const variants = await assets.variants(
    transaction,
    found.map(({ id }) => id),
  );
  return found.map((asset) => shown(asset, variants.get(asset.id) ?? [], { addresses, grant }));
}

/** One of them; `undefined` where it is not visible under the grant. */
export async function findPhoto(
  transaction: ReadTransaction,
  { assets, addresses }: Media,
  { grant, id }: { readonly grant: MediaGrant; readonly id: string },
): Promise<ShownPhoto | undefined> {
  const asset = /^[0-9a-f]{32}$/.test(id) ? await assets.find(transaction, id) : undefined;
  const { tenant, collection } = grant;
  if (asset?.state !== "published" || asset.tenant !== tenant || asset.collection !== collection) return undefined;
  const variants = await assets.variants(transaction, [id]);
  return shown(asset, variants.get(id) ?? [], { addresses, grant });
}

function shown(
  { id, receivedAt, findings }: MediaAsset,
  variants: readonly MediaVariant[],
  { addresses, grant }: { readonly addresses: MediaServices["addresses"]; readonly grant: MediaGrant },
): ShownPhoto {
  const isVideo = findings.type?.startsWith("video/") === true;
  // Whoever may not download gets no original, except of videos, which have no other form.
  const allowed = variants.filter(({ name }) => name !== "original" || isVideo || grant.scopes.has("download"));
  const forms = allowed.map(({ name, type, bytes, width, height }): [string, ShownForm] => [
    name,
    {
      ...{ address: addresses.sign({ asset: id, variant: name, grant }), type, bytes },
      ...(width === undefined || height === undefined ? {} : { width, height }),
    },
  ]);
  return { id, isVideo, receivedAt, forms: Object.fromEntries(forms) };
}
