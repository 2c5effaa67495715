import type { JobHandler, Jobs } from "../../kernel/ports/jobs.ts";
import type { StorageTarget } from "../../kernel/ports/storage-target.ts";
import type { StorageRole, StoredRecord } from "../../kernel/ports/stored-files.ts";
import { countCheck } from "./breaker.ts";
import { digestAt, type Found } from "./digest.ts";
import { storageEvents } from "./events.ts";
import { MANIFEST_FOLDER } from "./manifest.ts";
import { repeated, type RepeatedJob, type RepeatedWork } from "./repeated-job.ts";
import { storageFaultOf } from "./storage-error.ts";
import { isSame, nameOf, pour, recopy, TRANSFER_QUEUE, type TransferParts } from "./transfers.ts";

/** What copies are checked with. */
export interface IntegrityParts extends Omit<TransferParts, "archive"> {
  /** Absent: there is one copy of each file. */
  readonly archive: StorageTarget | undefined;
  /** Days in which every copy is read once. */
  readonly checkDays: number;
}

/** How a check of one copy ended. */
export type CheckResult = "intact" | "healed" | "recopied" | "damaged" | "unavailable";

const DAY = 86_400_000;
const HOUR = 3_600_000;
const INTERVAL = HOUR;
const MOST_AT_ONCE = 2000;
const PAGE = 50;
/** A put that began so long ago is not going on any more. */
const UNFINISHED = DAY;
const STRAY_KIND = "DeleteStray";

/**
 * Reads a part of the copies in one place every hour, those that were read longest ago first, so that every one is read
 * once in so many days: a hundredth a day by default. Clears away what was cut off, too.
 */
export function createIntegrityCheck(parts: IntegrityParts, place: StorageRole): JobHandler & RepeatedJob {
  const kind = place === "hot" ? "CheckHot" : "CheckArchive";
  return repeated(parts.jobs, { queue: TRANSFER_QUEUE, kind, every: INTERVAL }, checkAll(parts, place));
}

function checkAll(parts: IntegrityParts, place: StorageRole): RepeatedWork {
  return async (signal) => {
    const target = targetAt(parts, place);
    await clearAway(parts, target);
    const now = await parts.store.write((transaction) => transaction.now());
    let left = await budget(parts, place);
    while (left > 0 && !signal.aborted) {
      const wanted = { place, limit: Math.min(PAGE, left), before: now - parts.checkDays * DAY + INTERVAL };
      const records = await parts.store.read((transaction) => parts.files.leastChecked(transaction, wanted));
      for (const record of records) {
        // A target that is down would call every copy of it damaged.
        if ((await checkCopy(parts, record, { place, signal })) === "unavailable") return nothing;
      }
      left = records.length < wanted.limit ? 0 : left - records.length;
    }
    return nothing;
  };
}

const nothing = (): Promise<void> => Promise.resolve();

/** Copies to read within this hour; all of them where an operator asked for it. */
async function budget({ store, files, checkDays }: IntegrityParts, place: StorageRole): Promise<number> {
  const { files: copies } = await store.read((transaction) => files.condition(transaction, place));
  const unchecked = await store.read((transaction) =>
    files.leastChecked(transaction, { place, limit: MOST_AT_ONCE, before: 1 }),
  );
  return Math.max(unchecked.length, Math.ceil((copies * INTERVAL) / (checkDays * DAY)));
}

async function clearAway({ store }: IntegrityParts, target: StorageTarget): Promise<void> {
  const now = await store.write((transaction) => transaction.now());
  await target.removeUnfinished(now - UNFINISHED);
}

/** Reads one copy, and replaces it from the other one where it is damaged. */
export async function checkCopy(
  parts: IntegrityParts,
  record: StoredRecord,
  { place, signal }: { readonly place: StorageRole; readonly signal: AbortSignal },
): Promise<CheckResult> {
  const target = targetAt(parts, place);
  let found: Found | undefined;
  try {
    found = await digestAt(target, record.key, { ...parts, signal });
  } catch (error) {
    if (storageFaultOf(error) === "unavailable" || signal.aborted) return "unavailable";
    throw error;
  }
  const intact = isSame(found, record);
  const current = await note(parts, record, { place, intact, found });
  if (!current || intact) return "intact";
  return heal(parts, record, { place, signal });
}

/** Records what was found; `false` where the file is another one meanwhile, or somewhere else. */
function note(
  parts: IntegrityParts,
  record: StoredRecord,
  {
    place,
    intact,
    found,
  }: { readonly place: StorageRole; readonly intact: boolean; readonly found: Found | undefined },
): Promise<boolean> {
  const { key, revision, sha256 } = record;
  const target = targetAt(parts, place).name;
  return parts.store.write(async (transaction) => {
    const current = await parts.files.find(transaction, key);
    if (current?.revision !== revision || current.state !== record.state) return false;
    await parts.files.checked(transaction, { key, revision, place, intact });
    await countCheck(parts, transaction, { target, intact });
    if (intact) return true;
    transaction.afterCommit(() => {
      const context = { target, found: nameOf(found), expected: sha256 };
      const said = { action: "storage.verify", target: key, failed: true, context };
      parts.announce(storageEvents.storage_copy_damaged, said);
    });
    return true;
  });
}

async function heal(
  parts: IntegrityParts,
  record: StoredRecord,
  { place, signal }: { readonly place: StorageRole; readonly signal: AbortSignal },
): Promise<CheckResult> {
  const { archive, files, store, announce } = parts;
  const { key, revision } = record;
  const target = targetAt(parts, place).name;
  const said = { action: "storage.heal", target: key, context: { target } };
  if (archive === undefined || record.state !== "copied") {
    announce(storageEvents.storage_file_lost, { ...said, failed: true });
    return "damaged";
  }
  if (place === "archive") {
    // The file goes its ordinary way once more, and is not deleted from hot before that has ended.
    await store.write(async (transaction) => {
      await files.checked(transaction, { key, revision, place, intact: true });
      await recopy(files, transaction, record);
    });
    return "recopied";
  }
  const both = { ...parts, archive };
  const poured = await pour(both, record, { from: "archive", signal });
  const found = poured === "damaged" ? undefined : await digestAt(parts.hot, key, { ...parts, signal });
  if (!isSame(found, record)) {
    announce(storageEvents.storage_file_lost, { ...said, failed: true });
    return "damaged";
  }
  await store.write(async (transaction) => {
    await files.checked(transaction, { key, revision, place, intact: true });
    transaction.afterCommit(() => announce(storageEvents.storage_copy_healed, said));
  });
  return "healed";
}

/** Walks through the archive once a day, and has deleted what nothing was recorded of a day later. */
export function createStraySweep({ store, files, jobs, archive }: TransferParts): JobHandler & RepeatedJob {
  const sweep = { queue: TRANSFER_QUEUE, kind: "FindStrays", every: DAY };
  return repeated(jobs, sweep, async (signal) => {
    for (let after = ""; !signal.aborted;) {
      const keys = await archive.list("", after);
      const last = keys.at(-1);
      if (last === undefined) break;
      const ours = keys.filter((key) => !UNRECORDED.some((folder) => key.startsWith(folder)));
      await store.write(async (transaction) => {
        const runAt = (await transaction.now()) + DAY;
        for (const key of await files.unknown(transaction, ours)) await jobs.add(transaction, strayJob(key, runAt));
      });
      after = last;
    }
    return nothing;
  });
}

/** Where probes of targets write. */
export const PROBE_FOLDER = "gatehouse-probe/";
const UNRECORDED = [PROBE_FOLDER, MANIFEST_FOLDER];

function strayJob(key: string, runAt: number): Parameters<Jobs["add"]>[1] {
  return { queue: TRANSFER_QUEUE, kind: STRAY_KIND, tenant: "-", key: `${STRAY_KIND}:${key}`, payload: { key }, runAt };
}

/** Deletes what nothing is recorded of a day after it was found. */
export function createStrayDeletion({ store, files, archive, announce }: TransferParts): JobHandler {
  return {
    kind: STRAY_KIND,
    async run({ payload }) {
      // The payload is made by `strayJob`.
      const { key } = payload as { readonly key: string };
      const [stray] = await store.read((transaction) => files.unknown(transaction, [key]));
      if (stray === undefined || (await archive.head(key)) === undefined) return nothing;
      await archive.delete(key);
      const said = { action: "storage.sweep", target: key, context: { target: archive.name } };
      announce(storageEvents.storage_stray_deleted, said);
      return nothing;
    },
  };
}

function targetAt({ hot, archive }: IntegrityParts, place: StorageRole): StorageTarget {
  const target = place === "hot" ? hot : archive;
  if (target === undefined) throw new TypeError("There is no archive.");
  return target;
}
