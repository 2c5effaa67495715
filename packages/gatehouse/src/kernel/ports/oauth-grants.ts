import type { ReadTransaction, WriteTransaction } from "./store.ts";

/**
 * How a grant is doing. `pending`: nobody has fetched a token yet. `suspended`: its tokens are gone until the person
 * signs in again. `ended`: what is left of it says why.
 */
export type GrantState = "pending" | "active" | "suspended" | "ended";

/** What ends a grant. */
export type GrantEndCause =
  | "token_reused"
  | "code_reused"
  | "client"
  | "sign_out"
  | "account_changed"
  | "person"
  | "operator";

/** Why a grant ends, and who ends it. */
export interface GrantEnding {
  readonly cause: GrantEndCause;
  /** Principal or client. */
  readonly by: string;
  /** What an operator said. */
  readonly reason?: string | undefined;
}

/** What is kept of a grant: the family of tokens that one consent of a person has led to. */
export interface StoredGrant {
  /** The `key` of the engine's grant. */
  readonly key: string;
  readonly tenant: string;
  readonly client: string;
  readonly account: string;
  readonly state: GrantState;
  /** Refresh tokens that were issued. */
  readonly generation: number;
  /** Where it was used from: sealed JSON. Empty once it has ended. */
  readonly body: string;
  /** Epoch milliseconds. */
  readonly firstSeen: number;
  readonly lastSeen: number;
  /** When it was suspended last. */
  readonly suspendedAt: number | undefined;
  readonly ending: (GrantEnding & { readonly at: number }) | undefined;
}

/** A use of a grant. */
export interface GrantUse extends Pick<StoredGrant, "key" | "tenant" | "client" | "account" | "body"> {
  /** `pending`: somebody consented. `active`: tokens were issued, which ends a suspension. */
  readonly state: "pending" | "active";
  /** Whether a refresh token was issued. */
  readonly rotates: boolean;
  /** Keyed hashes of where it is used from. */
  readonly traces: readonly string[];
  /** Epoch milliseconds until which what was issued lasts at most. */
  readonly expiresAt: number;
}

/** Which grants, newest first. All members narrow. */
export interface GrantQuery {
  readonly tenant: string;
  readonly key?: string | undefined;
  readonly account?: string | undefined;
  readonly client?: string | undefined;
  /** Keyed hashes of places it was used from, now or before: all of them. */
  readonly traces?: readonly string[] | undefined;
  /** `lasting`: active and suspended ones; `unended`: pending ones too. Default: the lasting and the ended ones. */
  readonly state?: "lasting" | "unended" | "ended" | undefined;
  /** The last grant of the page before. */
  readonly before?: { readonly firstSeen: number; readonly key: string } | undefined;
  readonly limit: number;
}

/**
 * The record of grants, beside the engine's own rows, which alone decide what is valid: a grant whose row is gone counts
 * as ended. It ends with `OAuthArtifacts.revoke`, in the same transaction.
 */
export interface OAuthGrants {
  find(transaction: ReadTransaction, key: string): Promise<StoredGrant | undefined>;
  list(transaction: ReadTransaction, query: GrantQuery): Promise<StoredGrant[]>;
  /** Notes a use; a grant that has ended stays as it is. */
  note(transaction: WriteTransaction, use: GrantUse): Promise<void>;
  /** Takes codes and tokens away and leaves the consent; `false` where it is not in use. */
  suspend(transaction: WriteTransaction, key: string): Promise<boolean>;
  /** Removes what has expired, at most `limit`; returns how many. */
  prune(transaction: WriteTransaction, limit: number): Promise<number>;
}
