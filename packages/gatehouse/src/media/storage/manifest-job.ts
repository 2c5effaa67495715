import { createHash } from "node:crypto";
import type { JobHandler, NewJob } from "../../kernel/ports/jobs.ts";
import type { MediaAssets } from "../../kernel/ports/media-assets.ts";
import { manifestKey, manifestOf, variantsOf, type CollectionName } from "./manifest.ts";
import { TRANSFER_QUEUE, type TransferParts } from "./transfers.ts";

const KIND = "WriteManifest";

/** Has the manifest of a collection written into the archive. */
export function manifestJob({ tenant, collection }: CollectionName): NewJob {
  const key = `${KIND}:${manifestKey({ tenant, collection })}`;
  return { queue: TRANSFER_QUEUE, kind: KIND, tenant, key, payload: { collection } };
}

/** Writes beside what is archived what it must be, so that the archive can be checked by itself. */
export function createManifestWriter({
  store,
  archive,
  assets,
}: Pick<TransferParts, "store" | "archive"> & { readonly assets: MediaAssets }): JobHandler {
  return {
    kind: KIND,
    async run({ tenant, payload }, signal) {
      // The payload is made by `manifestJob`.
      const name = { tenant, collection: (payload as { readonly collection: string }).collection };
      const variants = await store.read((transaction) => variantsOf(assets, transaction, name));
      const content = Buffer.from(manifestOf(variants));
      await archive.put(manifestKey(name), {
        bytes: content.length,
        sha256: createHash("sha256").update(content).digest("hex"),
        type: "text/plain; charset=utf-8",
        body: new Blob([content]).stream(),
        signal,
      });
      return async () => undefined;
    },
  };
}
