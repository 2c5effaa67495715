import type { ReadTransaction, WriteTransaction } from "./store.ts";

/** Work to be done later, once, by whichever server comes first. */
export interface NewJob {
  /** Whose workers take it. */
  readonly queue: string;
  /** What is to be done: the name of a kind of job. */
  readonly kind: string;
  readonly tenant: string;
  /** A second job of a queue under the same key is not added while the first one is not done. */
  readonly key?: string;
  /** Plain data; nothing secret. */
  readonly payload: unknown;
  /** Epoch milliseconds; now by default. */
  readonly runAt?: number;
  /** Attempts before it is put aside as dead. Default 10. */
  readonly attempts?: number;
}

/** A job in somebody's hands. `epoch` grows with every claim, so that a late worker changes nothing. */
export interface ClaimedJob {
  readonly id: string;
  readonly queue: string;
  readonly kind: string;
  readonly tenant: string;
  readonly payload: unknown;
  readonly epoch: number;
  /** Which attempt this is, from 1. */
  readonly attempt: number;
  /** How many there may be; a claim beyond them is there to put the job aside: its workers ended without a word. */
  readonly attempts: number;
  readonly createdAt: number;
}

/** Jobs waiting in the store. Leases are judged by the database's clock. */
export interface Jobs {
  /** Adds a job in the transaction that makes it necessary; its identifier, or that of the one under the same key. */
  add(transaction: WriteTransaction, job: NewJob): Promise<string>;
  /** Takes jobs that are due, oldest first, for `duration` milliseconds. */
  claim(queue: string, options: { readonly limit: number; readonly duration: number }): Promise<readonly ClaimedJob[]>;
  /** Holds on for longer; `false` where the job was lost. */
  renew(job: ClaimedJob, duration: number): Promise<boolean>;
  /** Ends a job in the transaction of its effect; `false` where it was lost: the transaction has to be given up then. */
  complete(transaction: WriteTransaction, job: Pick<ClaimedJob, "id" | "epoch">): Promise<boolean>;
  /** Puts it back until a time, or aside as dead where its attempts are used up or `final` says so. */
  fail(
    transaction: WriteTransaction,
    job: ClaimedJob,
    failure: { readonly reason: string; readonly runAt: number; readonly final?: boolean },
  ): Promise<"again" | "dead" | "lost">;
  /** Lets claimed jobs of a queue be claimed at once: whoever had them is known to be gone. */
  takeBack(transaction: WriteTransaction, queue: string): Promise<void>;
  /** Milliseconds until a job of the queue can be claimed, at least 0; `undefined` where none waits. */
  due(queue: string): Promise<number | undefined>;
  /** Calls back when a job of the queue was added, here or on another server; may miss one. Disposing ends it. */
  listen(queue: string, added: () => void): Promise<AsyncDisposable>;
  /** Jobs that were put aside, newest first. */
  dead(transaction: ReadTransaction, queue: string, limit: number): Promise<readonly DeadJob[]>;
  /** Lets a dead job be tried again, as often as a new one; `false` where there is none, or another under its key. */
  revive(transaction: WriteTransaction, id: string): Promise<boolean>;
  /** Deletes jobs that have been dead for 30 days; how many. */
  prune(transaction: WriteTransaction, limit: number): Promise<number>;
}

/** A job that was given up. */
export interface DeadJob {
  readonly id: string;
  readonly kind: string;
  readonly tenant: string;
  readonly payload: unknown;
  readonly attempt: number;
  readonly createdAt: number;
  readonly deadAt: number;
  /** Why the last attempt failed. */
  readonly reason: string;
}

/** What does one kind of job. */
export interface JobHandler {
  readonly kind: string;
  /**
   * Does the work. What it resolves to runs in the transaction that completes the job; it resolves to `undefined` where
   * it has completed the job in a transaction of its own. What it throws is the reason to try again later. `signal` is
   * aborted when the job was lost or the server stops.
   */
  run(job: ClaimedJob, signal: AbortSignal): Promise<((transaction: WriteTransaction) => Promise<void>) | undefined>;
  /** Runs in the transaction that puts the job aside. */
  dead?(transaction: WriteTransaction, job: ClaimedJob, reason: string): Promise<void>;
}
