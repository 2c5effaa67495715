import type { ReadTransaction, WriteTransaction } from "./store.ts";

/** A server-side session. The cookie's value is never stored, its keyed hash is. */
export interface Session {
  /** Keyed hash of the cookie's value: the key of the row, and what owns component state. */
  readonly id: string;
  readonly tenant: string;
  readonly principalType: "user" | "guest" | "anonymous";
  /** `-` while nobody has signed in. */
  readonly principalId: string;
  readonly grants: readonly string[];
  /** Epoch milliseconds. */
  readonly createdAt: number;
  readonly seenAt: number;
  readonly expiresAt: number;
}

/** Sessions with a row: those that were written to or signed in. */
export interface Sessions {
  find(transaction: ReadTransaction, id: string): Promise<Session | undefined>;
  create(transaction: WriteTransaction, session: Session): Promise<void>;
  /** Moves `seenAt`; returns `false` when the session has ended. */
  touch(transaction: WriteTransaction, id: string, seenAt: number): Promise<boolean>;
  end(transaction: WriteTransaction, id: string): Promise<void>;
  /** Ends all sessions of a principal, for a password change or a revocation. */
  endAll(transaction: WriteTransaction, tenant: string, principalId: string): Promise<number>;
  prune(transaction: WriteTransaction, now: number, limit: number): Promise<number>;
}
