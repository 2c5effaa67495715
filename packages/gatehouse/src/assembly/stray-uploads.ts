import { z } from "zod";
import type { Documents } from "../kernel/ports/documents.ts";
import type { Store, WriteTransaction } from "../kernel/ports/store.ts";
import type { UploadPorts } from "../kernel/ports/uploads.ts";

type Known = Pick<UploadPorts["records"], "known">;

/** What looks after files without a row. */
export interface StrayUploadsParts {
  readonly store: Store;
  readonly documents: Pick<Documents, "get" | "put" | "delete">;
  readonly uploads: { readonly sink: Pick<UploadPorts["sink"], "list" | "delete">; readonly records: Known };
  /** The kind of the note that is kept of them. */
  readonly note: string;
  /** Says that there are more of them than before, and that none is deleted yet. */
  readonly found: (files: number) => void;
  /** Says that they have been deleted. */
  readonly deleted: (files: number) => void;
}

/** Milliseconds in which an operator finds out that a store is not the one that the files belong to. */
const GRACE = 7 * 86_400_000;
const CHUNK = 500;
const Note = z.object({ files: z.number(), since: z.number() });

/**
 * Deletes files that the store knows nothing of, a week after their number last grew. A server that ended at a bad
 * moment leaves one now and then; a wrong database, a moved one or an older backup makes them of all files. For that
 * the store keeps the time, and nothing is deleted where it knows none of the files.
 */
export function createStrayUploadsJob(parts: StrayUploadsParts): (signal: AbortSignal) => Promise<void> {
  const { store, documents, uploads, found, deleted } = parts;
  const place = { kind: parts.note, tenant: "-", id: "-" };
  return async (signal) => {
    const { strays, foreign } = await look(store, uploads);
    const { more, over } = await store.write((transaction) =>
      keepNote({ documents, place }, transaction, strays.length),
    );
    if (more) found(strays.length);
    if (!over || foreign) return;
    for (const id of strays) if (!signal.aborted) await uploads.sink.delete(id);
    if (signal.aborted) return;
    await store.write((transaction) => documents.delete(transaction, place));
    deleted(strays.length);
  };
}

type Place = Parameters<Documents["get"]>[1];

/** Notes since when there are no more of them than now. */
async function keepNote(
  { documents, place }: { readonly documents: StrayUploadsParts["documents"]; readonly place: Place },
  transaction: WriteTransaction,
  files: number,
): Promise<{ readonly more: boolean; readonly over: boolean }> {
  const document = await documents.get(transaction, place);
  const note = document === undefined ? undefined : Note.parse(JSON.parse(document.body));
  const now = await transaction.now();
  const more = files > (note?.files ?? 0);
  const since = more ? now : (note?.since ?? now);
  if (files === 0) await documents.delete(transaction, place);
  else if (files !== note?.files) {
    const body = JSON.stringify({ files, since });
    await documents.put(transaction, place, { expected: document?.version ?? 0, body });
  }
  return { more, over: files > 0 && now - since >= GRACE };
}

interface Strays {
  readonly strays: readonly string[];
  /** Whether the store knows none of the files. */
  readonly foreign: boolean;
}

async function look(store: Store, { sink, records }: StrayUploadsParts["uploads"]): Promise<Strays> {
  const ids = await sink.list();
  const strays: string[] = [];
  for (let at = 0; at < ids.length; at += CHUNK) {
    const some = ids.slice(at, at + CHUNK);
    const known = await store.read((transaction) => records.known(transaction, some));
    for (const id of some) if (!known.has(id)) strays.push(id);
  }
  return { strays, foreign: strays.length === ids.length };
}
