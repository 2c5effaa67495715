import { createHash } from "node:crypto";
import type { MediaAssets, MediaVariant } from "../../kernel/ports/media-assets.ts";
import type { ReadTransaction } from "../../kernel/ports/store.ts";

/** A collection of a tenant. */
export interface CollectionName {
  readonly tenant: string;
  readonly collection: string;
}

const PAGE = 200;

/** Where manifests lie in the archive; nothing is recorded of them, because they can be made anew. */
export const MANIFEST_FOLDER = "manifests/";

/** Every published form of every file of a collection. */
export async function variantsOf(
  assets: MediaAssets,
  transaction: ReadTransaction,
  { tenant, collection }: CollectionName,
): Promise<readonly MediaVariant[]> {
  const variants: MediaVariant[] = [];
  let after: { readonly receivedAt: number; readonly id: string } | undefined;
  for (;;) {
    const query = { tenant, collection, states: ["published"] as const, limit: PAGE };
    const page = await assets.list(transaction, after === undefined ? query : { ...query, after });
    const byAsset = await assets.variants(
      transaction,
      page.map(({ id }) => id),
    );
    for (const { id } of page) variants.push(...(byAsset.get(id) ?? []));
    after = page.at(-1);
    if (after === undefined || page.length < PAGE) return variants;
  }
}

/** The manifest of a collection as `sha256sum --check` and BagIt read it: digest and path of each file, by path. */
export function manifestOf(variants: readonly Pick<MediaVariant, "key" | "sha256">[]): string {
  const sorted = variants.toSorted((left, right) => (left.key < right.key ? -1 : 1));
  return sorted.map(({ sha256, key }) => `${sha256}  ${key}\n`).join("");
}

/** The key under which the archive keeps the manifest of a collection. */
export function manifestKey({ tenant, collection }: CollectionName): string {
  const name = createHash("sha256").update(`${tenant}\0${collection}`).digest("hex");
  return `${MANIFEST_FOLDER}${name}/manifest-sha256.txt`;
}
