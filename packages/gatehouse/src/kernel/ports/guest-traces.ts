import type { ReadTransaction, WriteTransaction } from "./store.ts";

/** A guest within a tenant. */
export interface GuestKey {
  readonly tenant: string;
  /** The identifier of the principal. */
  readonly guest: string;
}

/** What is kept of a guest besides what they brought and wrote. */
export interface GuestTrace {
  /** Join tokens they came in by. */
  readonly invitations: readonly string[];
  /** Keyed fingerprints of their sessions: what they wrote while they were signed in by them is theirs. */
  readonly sessions: readonly string[];
  /** Files that they have begun to send, or have sent. */
  readonly uploads: number;
  /** States of live components that belong to their sessions. */
  readonly liveStates: number;
}

/** Finds and erases what is kept of guests. */
export interface GuestTraces {
  /** `undefined` where there is nothing. */
  find(transaction: ReadTransaction, guest: GuestKey): Promise<GuestTrace | undefined>;
  /**
   * Erases it: their sessions end, what they were sending is given up and deleted, and nothing says any more by which
   * tokens they came. How many came by a token, and how much was brought, stays counted.
   */
  erase(transaction: WriteTransaction, guest: GuestKey): Promise<void>;
}
