import type { ReadTransaction, WriteTransaction } from "./store.ts";

/**
 * Where the one or two copies of a file are. `hot`: at the hot target alone. `copied`: at the archive too, verified.
 * `evicting`: being deleted from hot. `archived`: at the archive alone. `removed`: to be deleted everywhere.
 */
export const STORED_STATES = ["hot", "copied", "evicting", "archived", "removed"] as const;

/** Where the copies of a file are. */
export type StoredState = (typeof STORED_STATES)[number];

/** One of the two places of files. */
export type StorageRole = "hot" | "archive";

/** A file at storage targets, as it must be. */
export interface StoredRecord {
  readonly key: string;
  readonly bytes: number;
  /** In hexadecimal digits. */
  readonly sha256: string;
  readonly type: string;
  readonly state: StoredState;
  /** Grows whenever another file is put under the key. */
  readonly revision: number;
  readonly storedAt: number;
  /** When the copy in the archive was last read back and found right. */
  readonly verifiedAt: number | undefined;
  /** When it may be deleted from hot, where it is `copied`. */
  readonly evictAt: number | undefined;
  /** Where a copy is damaged that nothing could heal. */
  readonly damaged: StorageRole | undefined;
}

/** How many files are in a state, and how large they are together. */
export interface StoredTotal {
  readonly state: StoredState;
  readonly files: number;
  readonly bytes: number;
}

/** What becomes due with time, or was asked for. */
export type DueTransfer = "copy" | "evict" | "remove";

/** A step from one state to another, made only where the file is still what it was. */
export interface StoredStep {
  readonly key: string;
  readonly revision: number;
  readonly from: StoredState;
  readonly to: StoredState;
  /** From when it may be deleted from hot; for steps to `copied`. */
  readonly evictAt?: number;
  /** For steps to `hot`: from when it is to be copied again. */
  readonly archiveAt?: number;
}

/** Which file is where, and in what condition. */
export interface StoredFiles {
  /** Records a file that lies at the hot target, in place of what was recorded under its key. */
  add(
    transaction: WriteTransaction,
    file: Pick<StoredRecord, "key" | "bytes" | "sha256" | "type"> & { readonly archiveAt: number },
  ): Promise<void>;
  /** Forgets what is recorded, before another file is put under the key; `false` while it is being moved or removed. */
  release(transaction: WriteTransaction, key: string): Promise<boolean>;
  find(transaction: ReadTransaction, key: string): Promise<StoredRecord | undefined>;
  /** The ones of these keys that nothing is recorded under. */
  unknown(transaction: ReadTransaction, keys: readonly string[]): Promise<readonly string[]>;
  step(transaction: WriteTransaction, step: StoredStep): Promise<boolean>;
  /** Marks a file for removal from everywhere; `false` where there is none. */
  remove(transaction: WriteTransaction, key: string): Promise<boolean>;
  /** Forgets a file that was marked and is gone. */
  forget(transaction: WriteTransaction, key: string): Promise<void>;
  /** Makes copying and deleting from hot due now. */
  hasten(transaction: WriteTransaction, key: string): Promise<boolean>;
  /** Files whose next transfer is due, the longest waiting first; each is not given again for `pause` milliseconds. */
  due(
    transaction: WriteTransaction,
    wanted: { readonly transfer: DueTransfer; readonly limit: number; readonly pause: number },
  ): Promise<readonly StoredRecord[]>;
  /** Files with a copy in this place, the one that was checked longest ago first. */
  leastChecked(
    transaction: ReadTransaction,
    wanted: { readonly place: StorageRole; readonly limit: number; readonly before: number },
  ): Promise<readonly StoredRecord[]>;
  /** Notes that a copy was read and what was found. */
  checked(
    transaction: WriteTransaction,
    check: { readonly key: string; readonly revision: number; readonly place: StorageRole; readonly intact: boolean },
  ): Promise<void>;
  /** Makes the check of every copy in this place due; how many that is. */
  uncheck(transaction: WriteTransaction, place: StorageRole): Promise<number>;
  totals(transaction: ReadTransaction): Promise<readonly StoredTotal[]>;
  /** How many copies there are in this place, how many of them are damaged, and when the least checked one was. */
  condition(transaction: ReadTransaction, place: StorageRole): Promise<StoredCondition>;
}

/** How the copies in one place are. */
export interface StoredCondition {
  readonly files: number;
  readonly bytes: number;
  readonly damaged: number;
  /** When the copy that was checked longest ago was; `undefined` where there is none. */
  readonly leastCheckedAt: number | undefined;
}
