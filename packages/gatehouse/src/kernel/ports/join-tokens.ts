import type { MediaScope } from "./media-grants.ts";
import type { ReadTransaction, WriteTransaction } from "./store.ts";

/**
 * Where the texts of a token come from: `derived` ones are worked out anew from the keys whenever they are printed,
 * `once` ones were shown when they were made, `legacy` ones were made by an earlier system.
 */
export type JoinTokenKind = "derived" | "once" | "legacy";

/** What may be done under one token, in all. */
export interface JoinTokenCaps {
  readonly guests: number;
  readonly files: number;
  readonly bytes: number;
}

/** What identifies a token. */
export interface JoinTokenKey {
  readonly tenant: string;
  readonly id: string;
}

/** A token of which guests come in to a collection. Of its texts there are keyed hashes alone. */
export interface StoredJoinToken extends JoinTokenKey {
  readonly collection: string;
  readonly label: string;
  readonly kind: JoinTokenKind;
  readonly scopes: readonly MediaScope[];
  readonly caps: JoinTokenCaps;
  /** Guests who came in by it. */
  readonly guests: number;
  readonly state: "active" | "revoked";
  /** Raised when it is revoked or changed. */
  readonly generation: number;
  /** Whether its text is short enough to be guessed. */
  readonly weak: boolean;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly revokedAt: number | undefined;
}

/** A text of a token: several while one replaces another. */
export interface StoredJoinText {
  /** Keyed hash of tenant and text. */
  readonly hash: string;
  readonly token: string;
  /** Which version of the keys the hash and a derived text were made with. */
  readonly keyId: string;
  /** How many texts the token had before: what derived texts differ by. */
  readonly issue: number;
  /** Its last four characters. */
  readonly hint: string;
  readonly createdAt: number;
  /** Epoch milliseconds from which it opens nothing; absent for the current one. */
  readonly endsAt: number | undefined;
}

/** A token found by one of its texts, and whether that may still be used. */
export interface FoundJoinToken {
  readonly token: StoredJoinToken;
  readonly text: StoredJoinText;
  readonly standing: "good" | "expired" | "revoked" | "replaced";
}

/** What is made. */
export type NewJoinToken = Pick<
  StoredJoinToken,
  "id" | "tenant" | "collection" | "label" | "kind" | "scopes" | "caps" | "weak" | "expiresAt"
>;

/** What is added to what was counted of a token in five minutes. */
export interface JoinTokenUsageCounts {
  readonly views: number;
  readonly joins: number;
  readonly uploads: number;
  readonly bytes: number;
  /** Distinct sessions: exact on one server, an upper bound on several. */
  readonly sessions: number;
  readonly refusedExpired: number;
  readonly refusedRevoked: number;
  readonly refusedFull: number;
  readonly refusedLimited: number;
}

/** What was counted of a token in the five minutes that began at `start`, epoch milliseconds. */
export interface JoinTokenBucket extends JoinTokenUsageCounts {
  readonly token: string;
  readonly start: number;
}

/** Which buckets are meant: from a time, before another. */
export interface BucketRange {
  readonly from: number;
  readonly to: number;
}

/** Where a list of tokens begins and ends. */
export interface JoinTokenPage {
  readonly tenant: string;
  readonly collection?: string | undefined;
  readonly after?: string | undefined;
  readonly limit: number;
}

/** Join tokens. Expiry is judged by the database's clock. */
export interface JoinTokens {
  /** By one of the hashes its text may have: one for each version of the keys. */
  findByText(
    transaction: ReadTransaction,
    tenant: string,
    hashes: readonly string[],
  ): Promise<FoundJoinToken | undefined>;
  find(transaction: ReadTransaction, key: JoinTokenKey): Promise<StoredJoinToken | undefined>;
  /** The token where it admits anybody now. */
  findGood(transaction: ReadTransaction, key: JoinTokenKey): Promise<StoredJoinToken | undefined>;
  /** The newest first. */
  list(transaction: ReadTransaction, page: JoinTokenPage): Promise<readonly StoredJoinToken[]>;
  /** The newest first. */
  texts(transaction: ReadTransaction, token: string): Promise<readonly StoredJoinText[]>;
  create(transaction: WriteTransaction, token: NewJoinToken): Promise<void>;
  /** `false` where there is that text already. */
  addText(transaction: WriteTransaction, text: Omit<StoredJoinText, "createdAt" | "endsAt">): Promise<boolean>;
  /** Lets all texts of a token but one end at a time; those that end sooner stay as they are. */
  endOtherTexts(transaction: WriteTransaction, text: Pick<StoredJoinText, "token" | "hash">, at: number): Promise<void>;
  /** Returns the new generation; `undefined` where there is none, or it is revoked already. */
  revoke(transaction: WriteTransaction, key: JoinTokenKey): Promise<number | undefined>;
  /** Revokes all of a tenant, or those of one of its collections; how many. */
  revokeAll(
    transaction: WriteTransaction,
    whose: { readonly tenant: string; readonly collection?: string | undefined },
  ): Promise<number>;
  /** Removes a token and all that was counted of it, as if it had never been. */
  forget(transaction: WriteTransaction, key: JoinTokenKey): Promise<void>;
  /** Notes that a guest came in; `full` where one more is one too many, `ended` where it admits nobody any more. */
  join(
    transaction: WriteTransaction,
    key: JoinTokenKey & { readonly guest: string },
  ): Promise<"joined" | "again" | "full" | "ended">;
  /** Grows with every change after which somebody is admitted no more, or differently. */
  revision(transaction: ReadTransaction): Promise<number>;

  addUsage(transaction: WriteTransaction, bucket: JoinTokenBucket): Promise<void>;
  /** In order of time. */
  usage(transaction: ReadTransaction, token: string, range: BucketRange): Promise<readonly JoinTokenBucket[]>;
  /** Tokens that were used in a time, at most `limit`, in order of their identifiers. */
  used(
    transaction: ReadTransaction,
    range: BucketRange & { readonly after: string; readonly limit: number },
  ): Promise<readonly JoinTokenKey[]>;
  /** What happened to all tokens of each tenant in a time. */
  churn(transaction: ReadTransaction, range: BucketRange): Promise<readonly TenantChurn[]>;
  /** Removes tokens that ended before a time, and what was counted before another; at most `limit` of each. */
  prune(
    transaction: WriteTransaction,
    before: { readonly ended: number; readonly counted: number },
    limit: number,
  ): Promise<number>;
}

/** How the tokens of a tenant came and went in a time. */
export interface TenantChurn {
  readonly tenant: string;
  /** Tokens that were made in that time and have ended in it. */
  readonly ended: number;
  /** Pages seen, guests who came and refusals. */
  readonly hits: number;
  /** Of those, refusals because a token had ended. */
  readonly hitsOnEnded: number;
}
