import type { GrantEnding } from "./oauth-grants.ts";
import type { ReadTransaction, WriteTransaction } from "./store.ts";

/**
 * What the protocol engine keeps: codes, tokens, grants, sessions, interactions. Identifiers are secrets of their
 * bearers, so rows are found by keyed hashes of them, and what the rows say is sealed.
 */
export interface OAuthArtifact {
  /** Keyed hash of kind and identifier. */
  readonly key: string;
  readonly tenant: string;
  /** The engine's name for it: `RefreshToken`, `AuthorizationCode`, `Session`. */
  readonly kind: string;
  /** Keyed hash of a second way to find it: the user code of a device, the `uid` of a session. */
  readonly alias?: string | undefined;
  /** The `key` of the grant it was issued under. */
  readonly grant?: string | undefined;
  readonly client?: string | undefined;
  readonly account?: string | undefined;
  /** Sealed JSON. */
  readonly body: string;
  /** Epoch milliseconds. Absent: it does not expire. */
  readonly expiresAt?: number | undefined;
}

/** An artifact as it was found. */
export interface FoundArtifact {
  readonly key: string;
  readonly body: string;
  /** Epoch milliseconds at which it was used up. */
  readonly consumedAt: number | undefined;
  /** What its bearer was answered then, sealed. */
  readonly answer: string | undefined;
}

/** Whose artifacts of one kind are meant. */
export interface ArtifactOwner {
  readonly tenant: string;
  readonly account: string;
  readonly kind: string;
}

/** Whose artifacts are to go. At least one member says which. */
export interface ArtifactSelection {
  readonly tenant: string;
  readonly grant?: string;
  readonly client?: string;
  readonly account?: string;
}

/** The rows of the protocol engine. Expiry is judged by the database's clock. */
export interface OAuthArtifacts {
  /** `undefined` where there is none, or not any more. */
  find(transaction: ReadTransaction, key: string): Promise<FoundArtifact | undefined>;
  findByAlias(transaction: ReadTransaction, kind: string, alias: string): Promise<FoundArtifact | undefined>;
  /** Those of one kind that an account has, what lasts longest first; at most `limit`. */
  listOf(transaction: ReadTransaction, owner: ArtifactOwner, limit: number): Promise<readonly FoundArtifact[]>;
  /** Writes or overwrites one; `false` where the grant it belongs to is gone, so that nothing outlives a revocation. */
  put(transaction: WriteTransaction, artifact: OAuthArtifact): Promise<boolean>;
  /** Writes one that must be new; `false` where it is there already: a replay. */
  add(transaction: WriteTransaction, artifact: OAuthArtifact): Promise<boolean>;
  /** Uses one up; `false` where that has happened before, or it is gone. Of many who try at once, one succeeds. */
  consume(transaction: WriteTransaction, key: string): Promise<boolean>;
  /** Notes what the bearer of one was answered when it was used up, sealed. */
  answer(transaction: WriteTransaction, key: string, answer: string): Promise<void>;
  remove(transaction: WriteTransaction, key: string): Promise<void>;
  /**
   * Removes all that matches, grants too; returns how many. The record of each grant then says why, in the same
   * transaction.
   */
  revoke(transaction: WriteTransaction, selection: ArtifactSelection, ending: GrantEnding): Promise<number>;
  /** Removes what has expired, at most `limit`; returns how many. */
  prune(transaction: WriteTransaction, limit: number): Promise<number>;
}
