import type { ReadTransaction, WriteTransaction } from "./store.ts";

/**
 * Where a signing key is in its life. `next` is published and signs nothing yet, `active` signs, `retiring` is published
 * until nothing signed by it is valid any more, `pruned` has no private part left, `compromised` is not published.
 */
export type SigningKeyState = "next" | "active" | "retiring" | "pruned" | "compromised";

/** What a key was used for, as far as it has been written down. Times are epoch milliseconds. */
export interface SigningKeyUses {
  /** Texts it has signed. */
  readonly signed: number;
  readonly signedAt?: number | undefined;
  /** When a text it has signed was last shown to us. */
  readonly seenAt?: number | undefined;
}

/** A key tokens are signed with. Times are epoch milliseconds. */
export interface SigningKey {
  /** Its thumbprint (RFC 7638), by which tokens name it. */
  readonly kid: string;
  /** `RS256`, `ES256` or `EdDSA`. */
  readonly algorithm: string;
  readonly state: SigningKeyState;
  /** The public part, as JSON. */
  readonly publicKey: string;
  /** The private part, sealed JSON; absent once it was destroyed. */
  readonly privateKey?: string | undefined;
  readonly createdAt: number;
  /** When it entered its state. */
  readonly since: number;
}

/** A key with what it was used for. */
export interface UsedSigningKey extends SigningKey {
  readonly uses: SigningKeyUses;
}

/** The signing keys of an installation. */
export interface SigningKeys {
  /** All, newest first. */
  list(transaction: ReadTransaction): Promise<readonly UsedSigningKey[]>;
  add(transaction: WriteTransaction, key: SigningKey): Promise<void>;
  /** Moves a key on; `false` where it is not in the state `from` any more. */
  move(
    transaction: WriteTransaction,
    kid: string,
    change: {
      readonly from: SigningKeyState;
      readonly to: SigningKeyState;
      readonly since: number;
      readonly destroy: boolean;
    },
  ): Promise<boolean>;
  /** Adds to what a key was used for. */
  addUses(transaction: WriteTransaction, kid: string, uses: SigningKeyUses): Promise<void>;
  /** Replaces the sealed private part, where it is still what it was. */
  reseal(
    transaction: WriteTransaction,
    kid: string,
    change: { readonly before: string; readonly privateKey: string },
  ): Promise<void>;
}
