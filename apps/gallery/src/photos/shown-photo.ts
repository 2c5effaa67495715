import type { MediaServices } from "gatehouse/media";
import { findCaption, findCaptions, type Caption } from "../captions/captions.ts";
import type { Language } from "../language.ts";
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
  /** Shown below it, in the language it was asked for in. */
  readonly caption?: string;
  /** What is seen on it, likewise. */
  readonly alt?: string;
}

/** Where a list of photos goes on. */
export interface PhotoPlace {
  readonly receivedAt: number;
  readonly id: string;
}

type Media = Pick<MediaServices, "assets" | "addresses">;

interface Looking {
  readonly grant: MediaGrant;
  /** Of what is said of them. */
  readonly language: Language;
}

interface Page extends Looking {
  readonly limit: number;
  readonly after?: PhotoPlace | undefined;
}

/** The photos of a collection that are visible under a grant, the newest first. */
export async function listPhotos(
  transaction: ReadTransaction,
  { assets, addresses }: Media,
  { grant, language, limit, after }: Page,
): Promise<readonly ShownPhoto[]> {
  const { tenant, collection } = grant;
  const found = await assets.list(transaction, {
    ...{ tenant, collection, limit, states: ["published"] },
    ...(after === undefined ? {} : { after }),
  });
  const photos = found.map(({ id }) => id);
  const variants = await assets.variants(transaction, photos);
  const said = await findCaptions(transaction, { tenant, language, photos });
  return found.map((asset) => ({
    ...shown(asset, variants.get(asset.id) ?? [], { addresses, grant }),
    ...wordsOf(said.get(asset.id)),
  }));
}

/** One of them; `undefined` where it is not visible under the grant. */
export async function findPhoto(
  transaction: ReadTransaction,
  { assets, addresses }: Media,
  { grant, language, id }: Looking & { readonly id: string },
): Promise<ShownPhoto | undefined> {
  const asset = /^[0-9a-f]{32}$/.test(id) ? await assets.find(transaction, id) : undefined;
  const { tenant, collection } = grant;
  if (asset?.state !== "published" || asset.tenant !== tenant || asset.collection !== collection) return undefined;
  const variants = await assets.variants(transaction, [id]);
  const said = await findCaption(transaction, { tenant, photo: id, language });
  return { ...shown(asset, variants.get(id) ?? [], { addresses, grant }), ...wordsOf(said) };
}

/** Nothing takes the place of what is not said. */
function wordsOf({ caption = "", alt = "" }: Partial<Caption> = {}): Pick<ShownPhoto, "caption" | "alt"> {
  return { ...(caption === "" ? {} : { caption }), ...(alt === "" ? {} : { alt }) };
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
