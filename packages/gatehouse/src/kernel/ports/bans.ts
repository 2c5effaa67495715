import type { WriteTransaction } from "./store.ts";

/** A temporary refusal of a source. */
export interface Ban {
  readonly id: string;
  /** What is refused. */
  readonly subject: BanSubject;
  readonly reason: string;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  readonly expiresAt: number;
  /** Violations that led to it; 0 for one set by an operator. */
  readonly violations: number;
  /** The entrance it is limited to, or all. */
  readonly entrance?: string;
}

/** What a ban can be on: an address, a principal of one of the types that sign in, a session. */
export const BAN_KINDS = ["ip", "user", "guest", "client", "agent", "session"] as const;

/** Who is refused. */
export interface BanSubject {
  readonly kind: (typeof BAN_KINDS)[number];
  /**
   * Address prefix key for `ip`, identifier otherwise, with the tenant in front where there are several: `acme/ada`.
   * What could be mistaken in either is written by its number: `%2f` for a slash, `%25` for a percent sign.
   */
  readonly value: string;
}

/** A ban that begins now. */
export interface NewBan extends Omit<Ban, "id" | "createdAt" | "expiresAt"> {
  /** Milliseconds it lasts. */
  readonly duration: number;
}

/** Bans in force. Durable; kept in memory for look-ups without I/O, refreshed from other servers. */
export interface Bans extends AsyncDisposable {
  /** The strongest ban on any of the subjects at this entrance. */
  find(subjects: readonly BanSubject[], entrance: string): Ban | undefined;
  add(ban: NewBan): Promise<Ban>;
  /** Ends a ban early, in the caller's transaction where one is given; the ban that was lifted, or `undefined` when there was none. */
  lift(id: string, transaction?: WriteTransaction): Promise<Ban | undefined>;
  list(): readonly Ban[];
  /** Counts a violation durably and answers how many the subject has had within `window` milliseconds. */
  violate(subject: BanSubject, window: number): Promise<number>;
}
