import type { WriteTransaction } from "./store.ts";

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
  complete(transaction: WriteTransaction, job: ClaimedJob): Promise<boolean>;
  /** Puts it back until a time, or aside as dead where its attempts are used up or `final` says so. */
  fail(
    transaction: WriteTransaction,
    job: ClaimedJob,
    failure: { readonly reason: string; readonly runAt: number; readonly final?: boolean },
  ): Promise<"again" | "dead" | "lost">;
}
