import type { Jobs } from "../../kernel/ports/jobs.ts";
import type {
  ByteRange,
  NewFile,
  StorageCapacity,
  StorageTarget,
  StoredFile,
} from "../../kernel/ports/storage-target.ts";
import type { Store } from "../../kernel/ports/store.ts";
import type { StoredFiles } from "../../kernel/ports/stored-files.ts";
import { StorageTargetError } from "./storage-error.ts";
import { transferJob } from "./transfers.ts";

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
export function createTieredTarget(parts: TieredTargetParts): StorageTarget {
  return new TieredTarget(parts);
}

class TieredTarget implements StorageTarget {
  readonly name: string;
  readonly #parts: TieredTargetParts;
  readonly #inTurn: readonly StorageTarget[];

  constructor(parts: TieredTargetParts) {
    const { hot, archive } = parts;
    this.name = hot.name;
    this.#parts = parts;
    this.#inTurn = archive === undefined ? [hot] : [hot, archive];
  }

  async put(key: string, file: NewFile): Promise<void> {
    const { store, files, hot, archiveAfter } = this.#parts;
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

  get(key: string, range?: ByteRange): ReturnType<StorageTarget["get"]> {
    return this.#first((target) => target.get(key, range));
  }

  head(key: string): Promise<StoredFile | undefined> {
    return this.#first((target) => target.head(key));
  }

  /** Whatever happens in between, a job finishes it. */
  async delete(key: string): Promise<void> {
    const { store, files, jobs } = this.#parts;
    await store.write(async (transaction) => {
      if (await files.remove(transaction, key)) await jobs.add(transaction, transferJob("remove", key));
    });
    for (const target of this.#inTurn) await target.delete(key);
    await store.write((transaction) => files.forget(transaction, key));
  }

  async list(prefix: string, after?: string): Promise<readonly string[]> {
    const lists = await Promise.all(this.#inTurn.map((target) => target.list(prefix, after)));
    const keys = [...new Set(lists.flat())].toSorted((left, right) => (left < right ? -1 : 1));
    return keys.slice(0, Math.max(...lists.map((list) => list.length)));
  }

  async removeUnfinished(before: number): Promise<number> {
    const removed = await Promise.all(this.#inTurn.map((target) => target.removeUnfinished(before)));
    return removed.reduce((total, count) => total + count, 0);
  }

  capacity(): Promise<StorageCapacity | undefined> {
    return this.#parts.hot.capacity();
  }

  async #first<Found>(look: (target: StorageTarget) => Promise<Found | undefined>): Promise<Found | undefined> {
    for (const target of this.#inTurn) {
      const found = await look(target);
      if (found !== undefined) return found;
    }
    return undefined;
  }
}
