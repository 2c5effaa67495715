import type { Principal } from "../attempt.ts";
import type { ReadTransaction } from "./store.ts";

/** What a grant lets its holder do with the files of a collection. */
export type MediaScope = "view" | "upload" | "download" | "moderate";

/** What may be brought under one grant, in all. */
export interface MediaQuota {
  readonly files: number;
  readonly bytes: number;
}

/** What there is room for under a grant: in all, and of one principal. */
export type MediaRoom = Pick<MediaGrant, "quota" | "share">;

/** What lets somebody see and bring the files of one collection: a join token's, a host's. */
export interface MediaGrant {
  /** At most 64 characters of `A-Z a-z 0-9 _ . : -`; it appears in signed addresses and is no secret. */
  readonly id: string;
  /** Raised when the grant is revoked or changed: addresses signed under an earlier one are refused at once. */
  readonly generation: number;
  readonly tenant: string;
  /** The collection: an event of the gallery. */
  readonly collection: string;
  readonly scopes: ReadonlySet<MediaScope>;
  readonly quota: MediaQuota | undefined;
  /** What one principal may bring of the quota; absent: all of it. */
  readonly share?: MediaQuota | undefined;
  /** Epoch milliseconds; `undefined` for grants that end by revocation alone. */
  readonly expiresAt: number | undefined;
}

/** Says who may do what with files. Whoever hands out grants implements it. */
export interface MediaGrants {
  /** The grant that a principal has in a collection now; `undefined` where it has none or not any more. */
  of(
    transaction: ReadTransaction,
    holder: { readonly principal: Principal; readonly collection: string },
  ): Promise<MediaGrant | undefined>;
  /**
   * The generation of a grant in force; `undefined` for one that is unknown, ended or revoked. Asked for every signed
   * address, so it answers from memory; a revocation on another server counts within a second.
   */
  generation(grant: { readonly tenant: string; readonly id: string }): number | undefined | Promise<number | undefined>;
}
