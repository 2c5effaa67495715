import type { ReadTransaction, WriteTransaction } from "./store.ts";

/** Whether somebody may sign in. */
export type AccountState = "active" | "disabled";

/** What identifies an account. */
export interface AccountKey {
  readonly tenant: string;
  readonly id: string;
}

/** An account as a row: what it says of a person is sealed. */
export interface StoredAccount extends AccountKey {
  readonly state: AccountState;
  /** Sealed JSON. */
  readonly profile: string;
  /** What the person may do: roles. */
  readonly grants: readonly string[];
  /** Epoch milliseconds. */
  readonly createdAt: number;
  /**
   * Epoch milliseconds; never the same twice. Whoever signed in when it was another is signed out: it moves with a new
   * password, a disabled account, other grants.
   */
  readonly changedAt: number;
}

/** What a person signs in as. */
export interface StoredIdentifier {
  /** Keyed hash of tenant, kind and value: at most one account has it. */
  readonly key: string;
  readonly tenant: string;
  /** The account's `id`. */
  readonly account: string;
  readonly kind: "email";
  /** Sealed text. */
  readonly body: string;
  /** Epoch milliseconds at which the person proved that it is theirs. */
  readonly verifiedAt?: number | undefined;
}

/** What changes of an account. */
export interface AccountChange {
  readonly profile?: string;
  readonly grants?: readonly string[];
  readonly state?: AccountState;
  /** Moves `changedAt`: signs everybody out who signed in before. */
  readonly voids: boolean;
}

/** Where a list of accounts begins and ends. */
export interface AccountPage {
  /** Absent: the accounts of all tenants. */
  readonly tenant?: string | undefined;
  /** The `id` of the last account of the page before. */
  readonly after?: string | undefined;
  readonly limit: number;
}

/** The people of a tenant. */
export interface Accounts {
  find(transaction: ReadTransaction, key: AccountKey): Promise<StoredAccount | undefined>;
  /** The account that has an identifier, by the identifier's key. */
  findByIdentifier(transaction: ReadTransaction, key: string): Promise<StoredAccount | undefined>;
  /** Oldest first. */
  list(transaction: ReadTransaction, page: AccountPage): Promise<StoredAccount[]>;
  identifiers(transaction: ReadTransaction, key: AccountKey): Promise<StoredIdentifier[]>;
  /** Writes an account with its first identifier; `false`, and nothing is written, where another account has that. */
  create(transaction: WriteTransaction, account: StoredAccount, identifier: StoredIdentifier): Promise<boolean>;
  /** `false` where another account, or this one, has it. */
  addIdentifier(transaction: WriteTransaction, identifier: StoredIdentifier): Promise<boolean>;
  /** Notes that an identifier was proven; `false` where the account does not have it. */
  verifyIdentifier(transaction: WriteTransaction, key: string, account: AccountKey): Promise<boolean>;
  /** Takes an identifier from an account; `false` where it does not have it. */
  removeIdentifier(transaction: WriteTransaction, key: string, account: AccountKey): Promise<boolean>;
  /** Replaces the body of an identifier; `false` where it is not `before` any more. */
  rewriteIdentifier(
    transaction: WriteTransaction,
    key: string,
    change: { before: string; body: string },
  ): Promise<boolean>;
  /** Returns `changedAt` as it is afterwards; `undefined` where there is no such account. */
  update(transaction: WriteTransaction, key: AccountKey, change: AccountChange): Promise<number | undefined>;
  /** Removes an account with its identifiers and factors; `false` where there is none. */
  remove(transaction: WriteTransaction, key: AccountKey): Promise<boolean>;
}

/** What somebody proves who they are with. */
export type FactorKind = "password" | "totp" | "passkey" | "recovery";

/** One factor as a row. */
export interface StoredFactor {
  /** A keyed hash, or an identifier drawn for it. */
  readonly key: string;
  readonly tenant: string;
  /** The account's `id`. */
  readonly account: string;
  readonly kind: FactorKind;
  /** Sealed text. */
  readonly body: string;
  /** What may only grow: the last accepted step of a TOTP, the signature counter of a passkey. */
  readonly counter: number;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  /** Epoch milliseconds of the last use. */
  readonly usedAt?: number | undefined;
}

/** Which factors: all of an account, or those of one kind. */
export interface FactorSelection {
  readonly tenant: string;
  readonly account: string;
  readonly kind?: FactorKind | undefined;
}

/** The factors of accounts. Whatever may happen once is a compare-and-set: of many who try at once, one succeeds. */
export interface Factors {
  find(transaction: ReadTransaction, key: string): Promise<StoredFactor | undefined>;
  /** Oldest first. */
  list(transaction: ReadTransaction, selection: FactorSelection): Promise<StoredFactor[]>;
  /** `false` where the key is taken, or the account is gone. */
  add(transaction: WriteTransaction, factor: StoredFactor): Promise<boolean>;
  /** Replaces a body; `false` where it is not `before` any more. */
  rewrite(transaction: WriteTransaction, key: string, change: { before: string; body: string }): Promise<boolean>;
  /** Moves the counter on and notes the use; `false` where it is there already, or beyond. */
  advance(transaction: WriteTransaction, key: string, counter: number): Promise<boolean>;
  /** Notes a use; `false` where the factor is gone. */
  touch(transaction: WriteTransaction, key: string): Promise<boolean>;
  /** Removes a factor of an account; `false` where that has happened before. */
  remove(transaction: WriteTransaction, key: string, account: AccountKey): Promise<boolean>;
  /** Returns how many were removed. */
  removeAll(transaction: WriteTransaction, selection: FactorSelection): Promise<number>;
}
