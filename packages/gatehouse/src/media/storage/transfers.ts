import type { ClaimedJob, JobHandler, Jobs } from "../../kernel/ports/jobs.ts";
import type { StorageLog } from "../../kernel/ports/storage-log.ts";
import type { StorageTarget } from "../../kernel/ports/storage-target.ts";
import type { ReadTransaction, Store, WriteTransaction } from "../../kernel/ports/store.ts";
import type { StorageRole, StoredFiles, StoredRecord } from "../../kernel/ports/stored-files.ts";
import type { Announce } from "./announcer.ts";
import { countCheck } from "./breaker.ts";
import { digestAt, measure, type Found } from "./digest.ts";
import { storageEvents } from "./events.ts";
import { DamagedFileError } from "./storage-error.ts";
import { watched, type Patience } from "./watched.ts";

/** What files are moved with. */
export interface TransferParts extends Patience {
  readonly store: Store;
  readonly jobs: Jobs;
  readonly files: StoredFiles;
  readonly log: StorageLog;
  readonly hot: StorageTarget;
  readonly archive: StorageTarget;
  readonly announce: Announce;
  /** Milliseconds between a verified copy in the archive and the deletion from hot. */
  readonly grace: number;
  /** Milliseconds that a file stays at the hot target after it was restored. */
  readonly restoredFor: number;
}

/** The queue of transfers. */
export const TRANSFER_QUEUE = "media-storage";
/** The kinds of its jobs; each has the payload `{ key }`. */
export const TRANSFER_KINDS = {
  copy: "CopyToArchive",
  evict: "EvictFromHot",
  restore: "RestoreFromArchive",
  remove: "RemoveStoredFile",
} as const;

type Effect = ((transaction: WriteTransaction) => Promise<void>) | undefined;
type Move = (parts: TransferParts, moved: Moved) => Promise<Effect>;

interface Moved {
  readonly key: string;
  readonly job: ClaimedJob;
  readonly record: StoredRecord | undefined;
  readonly signal: AbortSignal;
}

/** The first pause before a file whose copy was damaged is copied again. */
const RETRY_PAUSE = 30_000;
const NOTHING: Effect = async () => undefined;

/** A job that moves one file. */
export function transferJob(transfer: keyof typeof TRANSFER_KINDS, key: string): Parameters<Jobs["add"]>[1] {
  const kind = TRANSFER_KINDS[transfer];
  return { queue: TRANSFER_QUEUE, kind, tenant: "-", key: `${kind}:${key}`, payload: { key } };
}

/**
 * What moves files between the hot target and the archive. Every step may be repeated, by anybody, after a crash at any
 * point; what is recorded says where to go on.
 */
export function createTransferHandlers(parts: TransferParts): readonly JobHandler[] {
  const handler = (transfer: keyof typeof TRANSFER_KINDS, move: Move): JobHandler => ({
    kind: TRANSFER_KINDS[transfer],
    async run(job, signal) {
      const key = keyOf(job.payload);
      const record = await parts.store.read((transaction) => parts.files.find(transaction, key));
      return move(parts, { key, job, record, signal });
    },
    dead(transaction, job, reason) {
      transaction.afterCommit(() => {
        const said = { action: `storage.${transfer}`, target: keyOf(job.payload), failed: true, context: { reason } };
        parts.announce(storageEvents.storage_transfer_failed, said);
      });
      return Promise.resolve();
    },
  });
  return [handler("copy", copy), handler("evict", evict), handler("restore", restore), handler("remove", remove)];
}

async function copy(parts: TransferParts, { key, job, record, signal }: Moved): Promise<Effect> {
  const { files, archive, store, jobs, grace } = parts;
  // A crash after the copy, and then a removal: what was copied belongs to nobody.
  if (record === undefined || record.state === "removed") return sweep(parts, key);
  if (record.state !== "hot" || (await isHalted(parts))) return NOTHING;
  const source = await pour(parts, record, { from: "hot", signal });
  if (source === "damaged") return damagedSource(parts, record, "hot");
  const found = await digestAt(archive, key, { ...parts, signal });
  if (!isSame(found, record)) return damagedCopy(parts, record, found);
  const kept = await store.write(async (transaction) => {
    const evictAt = (await transaction.now()) + grace;
    const { revision } = record;
    const made = await files.step(transaction, { key, revision, from: "hot", to: "copied", evictAt });
    const after = await files.find(transaction, key);
    const isOurs = after !== undefined && after.state !== "removed";
    if (!isOurs) return false;
    if (made) await countCheck(parts, transaction, { target: archive.name, intact: true });
    if (!(await jobs.complete(transaction, job))) throw new Error("The job went to another worker.");
    return true;
  });
  return kept ? undefined : sweep(parts, key);
}

/** Reads the copy back once more: what is about to be deleted is the only other one. */
async function evict(parts: TransferParts, { key, record, signal }: Moved): Promise<Effect> {
  const { files, hot, archive } = parts;
  if (record === undefined || (record.state !== "copied" && record.state !== "evicting")) return NOTHING;
  const { revision, state } = record;
  const end =
    (to: "archived" | "copied"): Effect =>
    async (transaction) =>
      void (await files.step(transaction, { key, revision, from: "evicting", to }));
  if (state === "evicting") {
    // A crash has cut the deletion off.
    if ((await hot.head(key)) === undefined) return end("archived");
    if (await isHalted(parts)) return end("copied");
  }
  const found = await digestAt(archive, key, { ...parts, signal });
  if (!isSame(found, record)) return damagedCopy(parts, record, found);
  if (!(await mayEvict(parts, record))) return NOTHING;
  signal.throwIfAborted();
  await hot.delete(key);
  return end("archived");
}

/** Decides in one transaction with the breaker, so that no deletion begins after it has opened. */
function mayEvict(
  { store, files, log, hot, archive, announce }: TransferParts,
  record: StoredRecord,
): Promise<boolean> {
  const { key, revision, state } = record;
  return store.write(async (transaction) => {
    await countCheck({ log, announce }, transaction, { target: archive.name, intact: true });
    if (await areHalted({ log, hot, archive }, transaction)) return false;
    const current = await files.find(transaction, key);
    if (current?.revision !== revision || current.state !== state) return false;
    if (state === "evicting") return true;
    if (current.evictAt === undefined || current.evictAt > (await transaction.now())) return false;
    return files.step(transaction, { key, revision, from: "copied", to: "evicting" });
  });
}

async function restore(parts: TransferParts, { key, record, signal }: Moved): Promise<Effect> {
  const { files, hot, restoredFor } = parts;
  // A crash after the copy, and then a removal: what was restored belongs to nobody.
  if (record === undefined || record.state === "removed") {
    await hot.delete(key);
    return NOTHING;
  }
  const { revision, state } = record;
  if (state === "evicting") throw new Error("The file is being deleted from hot; it is restored after that.");
  if (state === "hot") return NOTHING;
  if (state === "archived") {
    if ((await pour(parts, record, { from: "archive", signal })) === "damaged") {
      return damagedSource(parts, record, "archive");
    }
    const found = await digestAt(hot, key, { ...parts, signal });
    if (!isSame(found, record)) throw new DamagedFileError(`What was restored was read back as ${nameOf(found)}.`);
  }
  const kept = await parts.store.write(async (transaction) => {
    const evictAt = (await transaction.now()) + restoredFor;
    await files.step(transaction, { key, revision, from: state, to: "copied", evictAt });
    const after = await files.find(transaction, key);
    return after !== undefined && after.state !== "removed";
  });
  if (!kept) await hot.delete(key);
  return NOTHING;
}

async function remove({ files, hot, archive }: TransferParts, { key, record }: Moved): Promise<Effect> {
  if (record?.state !== "removed") return NOTHING;
  await hot.delete(key);
  await archive.delete(key);
  return (transaction) => files.forget(transaction, key);
}

/** Deletes a copy in the archive that nothing is recorded of. */
async function sweep({ archive }: TransferParts, key: string): Promise<Effect> {
  await archive.delete(key);
  return NOTHING;
}

/** Copies a file from one target to the other. `damaged`: it was not what it must be at the first. */
export async function pour(
  parts: TransferParts,
  { key, bytes, sha256, type }: StoredRecord,
  { from, signal }: { readonly from: StorageRole; readonly signal: AbortSignal },
): Promise<"poured" | "damaged"> {
  const [source, sink] = from === "hot" ? [parts.hot, parts.archive] : [parts.archive, parts.hot];
  return watched({ ...parts, target: sink.name, signal }, async (watch) => {
    const file = await source.get(key);
    if (file === undefined) return "damaged";
    const measured = measure(watch);
    const body = file.body.pipeThrough(measured.stream);
    try {
      await sink.put(key, { bytes, sha256, type, body, signal: watch.signal });
      return "poured";
    } catch (error) {
      if (!(error instanceof DamagedFileError)) throw error;
      // Where the bytes were right on their way, the sink has damaged them: reading back says so.
      return isSame(measured.found(), { bytes, sha256 }) ? "poured" : "damaged";
    }
  });
}

/** What came back from the archive is not what was put: the copy at the hot target is the file, and is copied again. */
function damagedCopy(parts: TransferParts, record: StoredRecord, found: Found | undefined): Effect {
  const { archive, files, announce } = parts;
  return async (transaction) => {
    await recopy(files, transaction, record);
    await countCheck(parts, transaction, { target: archive.name, intact: false });
    transaction.afterCommit(() => {
      const context = { target: archive.name, found: nameOf(found), expected: record.sha256 };
      const said = { action: "storage.verify", target: record.key, failed: true, context };
      announce(storageEvents.storage_copy_damaged, said);
    });
  };
}

/** Lets a file be copied to the archive again; the copy at the hot target stays until that is verified. */
export async function recopy(
  files: StoredFiles,
  transaction: WriteTransaction,
  { key, revision, state }: StoredRecord,
): Promise<void> {
  const archiveAt = (await transaction.now()) + RETRY_PAUSE;
  await files.step(transaction, { key, revision, from: state, to: "hot", archiveAt });
}

/** The copy that was to be copied is damaged itself, and is the only one. */
function damagedSource(parts: TransferParts, { key, revision, sha256 }: StoredRecord, place: StorageRole): Effect {
  const target = parts[place].name;
  return async (transaction) => {
    await parts.files.checked(transaction, { key, revision, place, intact: false });
    await countCheck(parts, transaction, { target, intact: false });
    transaction.afterCommit(() => {
      const said = { action: "storage.verify", target: key, failed: true, context: { target, expected: sha256 } };
      parts.announce(storageEvents.storage_file_lost, said);
    });
  };
}

/** Whether a copy is the file. */
export function isSame(found: Found | undefined, { bytes, sha256 }: Found): boolean {
  return found !== undefined && found.bytes === bytes && found.sha256 === sha256;
}

/** What was found, for events. */
export function nameOf(found: Found | undefined): string {
  return found?.sha256 ?? "nothing";
}

function isHalted(parts: TransferParts): Promise<boolean> {
  return parts.store.read((transaction) => areHalted(parts, transaction));
}

/** Whether an operator has to look before anything is transferred or deleted. */
export async function areHalted(
  { log, hot, archive }: Pick<TransferParts, "log" | "hot" | "archive">,
  transaction: ReadTransaction,
): Promise<boolean> {
  for (const { name } of [hot, archive]) if ((await log.halted(transaction, name)) !== undefined) return true;
  return false;
}

function keyOf(payload: unknown): string {
  // The payload of every job here is made by `transferJob`.
  return (payload as { readonly key: string }).key;
}
