import type { ReadTransaction, WriteTransaction } from "./store.ts";

/** Where a client comes from: an operator, its own registration (RFC 7591), or a document at its address. */
export type ClientOrigin = "operator" | "registration" | "document";

/** Whether a client gets tokens. */
export type ClientState = "active" | "disabled";

/** What identifies a client. */
export interface ClientKey {
  readonly tenant: string;
  /** `client_id`: a name of ours, or the address of the client's metadata document. */
  readonly id: string;
}

/** A client as a row: all it says of itself is sealed. */
export interface StoredClient extends ClientKey {
  readonly origin: ClientOrigin;
  readonly state: ClientState;
  /** Sealed JSON: its metadata, without a secret. */
  readonly body: string;
  /** Grows by one with each change. */
  readonly version: number;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  readonly changedAt: number;
  /** To the minute. */
  readonly usedAt: number | undefined;
}

/** A secret of a client. A client has several while one replaces another. */
export interface StoredClientSecret {
  /** Keyed hash of tenant, client and secret. */
  readonly key: string;
  readonly tenant: string;
  readonly client: string;
  /** What operators call it. */
  readonly id: string;
  /** The secret itself, sealed: where signatures are made with it. Absent where comparing is enough. */
  readonly body: string | undefined;
  readonly createdAt: number;
  /** Epoch milliseconds. Absent: it does not expire. */
  readonly expiresAt: number | undefined;
  /** To the minute. */
  readonly usedAt: number | undefined;
}

/** A token that lets its bearer register clients (RFC 7591 section 3). */
export interface StoredRegistrationToken {
  /** Keyed hash of tenant and token. */
  readonly key: string;
  readonly tenant: string;
  /** What operators call it. */
  readonly id: string;
  /** Whom it is for. */
  readonly label: string;
  readonly usesLeft: number;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly usedAt: number | undefined;
}

/** Milliseconds in which a second use is not noted: nobody asks more precisely, and each note is a write. */
const USE_PRECISION = 60_000;

/** Whether a use is to be noted, after the last that was. */
export function isUseDue(usedAt: number | undefined, now: number): boolean {
  return usedAt === undefined || usedAt + USE_PRECISION <= now;
}

/** What changes of a client. */
export interface ClientChange {
  readonly body?: string;
  readonly state?: ClientState;
}

/** Where a list of clients begins and ends. */
export interface ClientPage {
  /** Absent: the clients of all tenants. */
  readonly tenant?: string | undefined;
  readonly after?: ClientKey | undefined;
  readonly limit: number;
}

/** The clients of the identity provider. Expiry is judged by the database's clock. */
export interface OAuthClients {
  find(transaction: ReadTransaction, key: ClientKey): Promise<StoredClient | undefined>;
  /** By tenant and id. */
  list(transaction: ReadTransaction, page: ClientPage): Promise<StoredClient[]>;
  /** `false` where there is one of that name. */
  create(
    transaction: WriteTransaction,
    client: Pick<StoredClient, "tenant" | "id" | "origin" | "body">,
  ): Promise<boolean>;
  /** Returns the new version; `undefined` where there is no such client, or not in the version that is expected. */
  update(
    transaction: WriteTransaction,
    key: ClientKey,
    change: ClientChange & { readonly expected?: number },
  ): Promise<number | undefined>;
  /** Notes that a client was used; `false` where it is not the one of that version any more, or disabled. */
  use(transaction: WriteTransaction, key: ClientKey, version: number): Promise<boolean>;
  /** Replaces a body by the same one, sealed anew; `false` where it is not `before` any more. */
  reseal(transaction: WriteTransaction, key: ClientKey, change: { before: string; body: string }): Promise<boolean>;
  /** Removes a client with its secrets; `false` where there is none. */
  remove(transaction: WriteTransaction, key: ClientKey): Promise<boolean>;
  /** Clients of origins other than `operator` that nobody has used since, at most `limit`. */
  unused(transaction: ReadTransaction, since: number, limit: number): Promise<ClientKey[]>;

  /** The newest first, without those that have expired. */
  secrets(transaction: ReadTransaction, key: ClientKey): Promise<StoredClientSecret[]>;
  addSecret(
    transaction: WriteTransaction,
    secret: Pick<StoredClientSecret, "key" | "tenant" | "client" | "id" | "body" | "expiresAt">,
  ): Promise<void>;
  /** Notes that a secret was used; `false` where it is gone or has expired. */
  useSecret(transaction: WriteTransaction, key: string): Promise<boolean>;
  /** Lets a secret end at a time; those that end sooner stay as they are. `false` where there is none. */
  expireSecret(transaction: WriteTransaction, secret: ClientKey & { secret: string }, at: number): Promise<boolean>;
  removeSecrets(transaction: WriteTransaction, key: ClientKey): Promise<void>;
  resealSecret(transaction: WriteTransaction, key: string, change: { before: string; body: string }): Promise<boolean>;

  /** `undefined` where there is none, or it is used up or has expired. */
  findToken(transaction: ReadTransaction, key: string): Promise<StoredRegistrationToken | undefined>;
  /** The newest first, without those that are used up or have expired. */
  tokens(transaction: ReadTransaction, tenant: string): Promise<StoredRegistrationToken[]>;
  addToken(
    transaction: WriteTransaction,
    token: Pick<StoredRegistrationToken, "key" | "tenant" | "id" | "label" | "usesLeft" | "expiresAt">,
  ): Promise<void>;
  /** Takes one use; `false` where none is left. Of many who take the last one at once, one succeeds. */
  useToken(transaction: WriteTransaction, key: string): Promise<boolean>;
  removeToken(transaction: WriteTransaction, token: { tenant: string; id: string }): Promise<boolean>;
  /** Removes secrets and tokens that have expired or are used up, at most `limit` of each; returns how many. */
  prune(transaction: WriteTransaction, limit: number): Promise<number>;
}
