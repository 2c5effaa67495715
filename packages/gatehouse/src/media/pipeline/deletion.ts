import { z } from "zod";
import type { JobHandler } from "../../kernel/ports/jobs.ts";
import type { ResumableFiles } from "../../kernel/ports/media-intake.ts";
import type { StorageTarget } from "../../kernel/ports/storage-target.ts";
import { DELETE_FILES } from "./intake.ts";

const Payload = z.object({ keys: z.array(z.string()), quarantined: z.string().optional() });

/** Deletes what nobody needs any more. Doing it twice does no harm. */
export function createDeletion(parts: {
  readonly quarantine: ResumableFiles;
  readonly target: StorageTarget;
}): JobHandler {
  return {
    kind: DELETE_FILES,
    async run({ payload }) {
      const { keys, quarantined } = Payload.parse(payload);
      for (const key of keys) await parts.target.delete(key);
      if (quarantined !== undefined) await parts.quarantine.delete(quarantined);
      return async () => undefined;
    },
  };
}
