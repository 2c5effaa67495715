import { z } from "zod";
import type { JobHandler } from "../../kernel/ports/jobs.ts";
import type { AssetState, MediaAssets } from "../../kernel/ports/media-assets.ts";
import type { ResumableFiles } from "../../kernel/ports/media-intake.ts";
import type { StorageTarget } from "../../kernel/ports/storage-target.ts";
import type { Store } from "../../kernel/ports/store.ts";
import { DELETE_FILES } from "./intake.ts";

const Payload = z.object({
  keys: z.array(z.string()),
  quarantined: z.string().optional(),
  asset: z.string().optional(),
});
/** States of which nothing is published, and nothing will be without being made anew. */
const OVER: ReadonlySet<AssetState> = new Set<AssetState>(["infected", "unscannable", "suspicious", "rejected"]);

/**
 * Deletes what nobody needs any more. Doing it twice does no harm, and neither does doing it late: what an asset has
 * been made into since then stays.
 */
export function createDeletion(parts: {
  readonly store: Pick<Store, "read">;
  readonly assets: Pick<MediaAssets, "find">;
  readonly quarantine: ResumableFiles;
  readonly target: StorageTarget;
}): JobHandler {
  return {
    kind: DELETE_FILES,
    async run({ payload }) {
      const { keys, quarantined, asset: id } = Payload.parse(payload);
      const asset =
        id === undefined ? undefined : await parts.store.read((transaction) => parts.assets.find(transaction, id));
      const unused = asset === undefined || OVER.has(asset.state) ? keys : [];
      for (const key of unused) await parts.target.delete(key);
      if (quarantined !== undefined) await parts.quarantine.delete(quarantined);
      return async () => undefined;
    },
  };
}
