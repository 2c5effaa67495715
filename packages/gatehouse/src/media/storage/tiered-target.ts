import type { Jobs } from "../../kernel/ports/jobs.ts";
import type { ByteRange, NewFile, StorageTarget } from "../../kernel/ports/storage-target.ts";
import type { Store } from "../../kernel/ports/store.ts";
import type { StoredFiles } from "../../kernel/ports/stored-files.ts";
import { StorageTargetError } from "./storage-error.ts";
import { deleteEverywhere, transferJob } from "./transfers.ts";

/** What files are kept in two places with. */
export interface TieredTargetParts {
  readonly store: Store;
  readonly jobs: Jobs;
  readonly files: StoredFiles;
  readonly hot: StorageTarget;
  /** Absent: files stay at the hot target. */
  readonly archive: StorageTarget | undefined;
  /** Milliseconds after which a file is copied to the archive. */
  readonly archiveAfter: number;
}

/**
 * One target made of two: files are put at the hot one, are moved to the archive in time, and are found wherever they
 * are. What is put here is recorded, so that it is checked, archived and restored.
 */
export function createTieredTarget({
  store,
  jobs,
  files,
  hot,
  archive,
  archiveAfter,
}: TieredTargetParts): StorageTarget {
  const inTurn = archive === undefined ? [hot] : [hot, archive];

  async function put(key: string, file: NewFile): Promise<void> {
    if (!(await store.write((transaction) => files.release(transaction, key)))) {
      const message = `is moving or removing ${key}; try again in a moment.`;
      throw new StorageTargetError(hot.name, "unavailable", { message });
    }
    await hot.put(key, file);
    const { bytes, sha256, type } = file;
    await store.write(async (transaction) => {
      const archiveAt = (await transaction.now()) + archiveAfter;
      await files.add(transaction, { key, bytes, sha256, type, archiveAt });
    });
    // A restoration of what was removed under this key may have ended in between.
    if ((await hot.head(key)) === undefined) {
      throw new StorageTargetError(hot.name, "failed", { message: `has lost ${key} at once.` });
    }
  }

  /** Whatever happens in between, a job finishes it. */
  async function remove(key: string): Promise<void> {
    await store.write(async (transaction) => {
      if (await files.remove(transaction, key)) await jobs.add(transaction, transferJob("remove", key));
    });
    if (archive === undefined) await hot.delete(key);
    else await deleteEverywhere({ hot, archive }, key);
    await store.write((transaction) => files.forget(transaction, key));
  }

  return {
    put,
    name: hot.name,
    delete: remove,
    async get(key: string, range?: ByteRange) {
      for (const target of inTurn) {
        const found = await target.get(key, range);
        if (found !== undefined) return found;
      }
      return undefined;
    },
    async head(key) {
      for (const target of inTurn) {
        const found = await target.head(key);
        if (found !== undefined) return found;
      }
      return undefined;
    },
    async list(prefix, after) {
      const lists = await Promise.all(inTurn.map((target) => target.list(prefix, after)));
      const keys = [...new Set(lists.flat())].toSorted((left, right) => (left < right ? -1 : 1));
      return keys.slice(0, Math.max(...lists.map((list) => list.length)));
    },
    async removeUnfinished(before) {
      const removed = await Promise.all(inTurn.map((target) => target.removeUnfinished(before)));
      return removed.reduce((total, count) => total + count, 0);
    },
    capacity: () => hot.capacity(),
  };
}
