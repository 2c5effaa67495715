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
  /**
   * Set when the session has ended and its row stays so that nobody begins it anew: the time from which its cookie is
   * refused. Until then whoever shows it is a stranger to whom nothing of the session belongs.
   */
  readonly endedAt?: number;
}

/** A session that has ended and whose cookie would pass for a new visitor's if the store forgot it. */
export interface EndedSession {
  readonly id: string;
  readonly tenant: string;
  /** Epoch milliseconds, and so is `expiresAt`: until then the store remembers. */
  readonly endedAt: number;
  readonly expiresAt: number;
}

/** Whose sessions they are. A user and a guest of the same id have nothing in common; strangers are no principal. */
export interface SessionOwner extends Pick<Session, "tenant" | "principalId"> {
  readonly principalType: Exclude<Session["principalType"], "anonymous">;
}

/** Sessions with a row: those that were written to or signed in. */
export interface Sessions {
  find(transaction: ReadTransaction, id: string): Promise<Session | undefined>;
  /** @throws {Error} where the session belongs to another principal, or has ended */
  create(transaction: WriteTransaction, session: Session): Promise<void>;
  /** Moves `seenAt`; returns `false` when the session has ended. */
  touch(transaction: WriteTransaction, id: string, seenAt: number): Promise<boolean>;
  /** Ends a session whose cookie needs a row: the row goes. */
  end(transaction: WriteTransaction, id: string): Promise<void>;
  /** Ends a session whose cookie needs none: the row, made where there was none, says so. The earliest end counts. */
  markEnded(transaction: WriteTransaction, ended: EndedSession): Promise<void>;
  /** Ends all sessions of a principal, for a password change or a revocation, and says how many. */
  endAll(transaction: WriteTransaction, owner: SessionOwner): Promise<number>;
  prune(transaction: WriteTransaction, now: number, limit: number): Promise<number>;
}
