import type { ResumableFiles } from "../../kernel/ports/media-intake.ts";
import type { ResumableUpload, ResumableUploads } from "../../kernel/ports/resumable-uploads.ts";
import type { Store } from "../../kernel/ports/store.ts";
import { ENDED_KEPT } from "./transfer.ts";

/** What uploads are cleaned up with. */
export interface UploadExpiryParts {
  readonly store: Store;
  readonly uploads: ResumableUploads;
  readonly files: ResumableFiles;
  /** Says that uploads were given up. */
  readonly expired: (uploads: number) => void;
}

const CHUNK = 200;
const DAY = 86_400_000;

/**
 * Ends uploads whose time has run out, and forgets those that are over. What is stored goes before its row, so that a
 * file without a row is nobody's; the file of an upload that has arrived is not ours any more, and its row stays for as
 * long as it is there.
 */
export function createUploadExpiry(parts: UploadExpiryParts): (signal: AbortSignal) => Promise<void> {
  const { store, uploads, expired } = parts;
  return async (signal) => {
    let due: readonly ResumableUpload[];
    let ended = 0;
    do {
      due = await store.read((reading) => uploads.expired(reading, CHUNK));
      for (const upload of due) if (!signal.aborted && (await expire(parts, upload))) ended += 1;
    } while (due.length >= CHUNK && !signal.aborted);
    if (ended > 0) expired(ended);
  };
}

/** Whether an upload was given up. */
async function expire({ store, uploads, files }: UploadExpiryParts, upload: ResumableUpload): Promise<boolean> {
  const { id, state, kind } = upload;
  const handedOver = state === "received" && kind !== "part";
  if (handedOver && (await files.open(id)) !== undefined) {
    await store.write((writing) => uploads.keep(writing, id, DAY));
    return false;
  }
  const ended = !handedOver && (await store.write((writing) => uploads.end(writing, { id, kept: ENDED_KEPT })));
  if (!handedOver) await files.delete(id);
  if (!ended) await store.write((writing) => uploads.remove(writing, [id]));
  return ended;
}
