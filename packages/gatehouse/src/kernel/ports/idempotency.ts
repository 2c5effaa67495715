import type { WriteTransaction } from "./store.ts";

/** Identifies one intent: scope (tenant, principal, action) and the caller's key, hashed together. */
export interface IdempotencyClaim {
  /** Keyed hash of tenant, principal, action and key. */
  readonly id: string;
  /** Keyed hash of the canonical input; another one under the same id is a different request. */
  readonly fingerprint: string;
  /** Marks this execution; only its owner completes or forgets it. */
  readonly owner: string;
  /** Milliseconds the result stays. */
  readonly ttl: number;
  /** Milliseconds an external execution may run before another may take over; 0 inside one transaction. */
  readonly lease: number;
}

/** A stored result. The body is sealed. */
export interface IdempotencyResult {
  readonly body: string;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  readonly expiresAt: number;
}

/** What a claim led to. */
export type ClaimAnswer =
  /** Ours to execute; `attempt` counts executions under this key from 1, more than 1 after an unknown outcome. */
  | { readonly kind: "claimed"; readonly createdAt: number; readonly expiresAt: number; readonly attempt: number }
  | { readonly kind: "done"; readonly result: IdempotencyResult }
  /** Someone else is executing it; `retryAfter` in milliseconds. */
  | { readonly kind: "running"; readonly retryAfter: number }
  /** The key was used with another input, which has this fingerprint. */
  | { readonly kind: "mismatch"; readonly fingerprint: string };

/** Remembers results by key, in the transaction of the effect. */
export interface IdempotencyRecords {
  claim(transaction: WriteTransaction, claim: IdempotencyClaim): Promise<ClaimAnswer>;
  /** Extends the lease of a running claim by `claim.lease` from now; `false` when the claim is no longer the owner's. */
  renew(transaction: WriteTransaction, claim: IdempotencyClaim): Promise<boolean>;
  /** Stores the result; `false` when the claim is no longer the owner's. */
  complete(transaction: WriteTransaction, claim: IdempotencyClaim, body: string): Promise<boolean>;
  /** Frees the key after an error; does nothing when the claim is no longer the owner's. */
  forget(transaction: WriteTransaction, claim: IdempotencyClaim): Promise<void>;
  /** Ends the lease with the outcome unknown: the next attempt under the key takes over at once. */
  abandon(transaction: WriteTransaction, claim: IdempotencyClaim): Promise<void>;
  /** Deletes expired records, at most `limit`; returns how many. */
  prune(transaction: WriteTransaction, limit: number): Promise<number>;
}
