import type { ReadTransaction, WriteTransaction } from "./store.ts";

/** What one look at a target found. */
export interface StorageProbe {
  /** Epoch milliseconds. */
  readonly at: number;
  /** Milliseconds that writing, reading and deleting a small and a large file took; `undefined` where it failed. */
  readonly latency: number | undefined;
  /** Why it failed; empty where it did not. */
  readonly failure: string;
  /** Bytes in use and in all, where that is known. */
  readonly used: number | undefined;
  readonly total: number | undefined;
}

/** Bytes in use at a time. */
export interface StorageUse {
  readonly at: number;
  readonly used: number;
  readonly total: number;
}

/** What stopped transfers to a target and deletions that rely on it. */
export interface StorageHalt {
  readonly at: number;
  readonly reason: string;
}

/** How checks of copies at a target ended. */
export interface StorageChecks {
  readonly intact: number;
  readonly damaged: number;
}

/** What is known of targets over time. */
export interface StorageLog {
  addProbe(transaction: WriteTransaction, target: string, probe: StorageProbe): Promise<void>;
  /** Since a time, oldest first, at most 10,000. */
  probes(transaction: ReadTransaction, target: string, since: number): Promise<readonly StorageProbe[]>;
  /** The last use of each hour since a time, oldest first. */
  use(transaction: ReadTransaction, target: string, since: number): Promise<readonly StorageUse[]>;
  /** Deletes probes from before a time, at most so many; how many. */
  prune(transaction: WriteTransaction, before: number, limit: number): Promise<number>;
  count(transaction: WriteTransaction, target: string, checks: StorageChecks): Promise<void>;
  checks(transaction: ReadTransaction, target: string, since: number): Promise<StorageChecks>;
  halted(transaction: ReadTransaction, target: string): Promise<StorageHalt | undefined>;
  /** Stops transfers; `false` where they are stopped already. */
  halt(transaction: WriteTransaction, target: string, reason: string): Promise<boolean>;
  /** Lets transfers go on, with a clean slate of checks; `false` where they were not stopped. */
  resume(transaction: WriteTransaction, target: string): Promise<boolean>;
  /** Plain data that is kept of a target: the alarms that were raised. */
  notes(transaction: ReadTransaction, target: string): Promise<unknown>;
  setNotes(transaction: WriteTransaction, target: string, notes: unknown): Promise<void>;
}
