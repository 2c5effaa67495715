import type { IDToken } from "oauth4webapi";

/** Who is signed in, and with which tokens. */
export interface KeptSession {
  readonly claims: IDToken;
  readonly idToken: string;
  readonly accessToken: string;
  readonly refreshToken?: string;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
}

/** What became of a sign-in. */
export interface SignedIn {
  /** What the issuer says about the person. */
  readonly claims: IDToken;
  /** Path of this application where they wanted to go. */
  readonly returnTo: string;
}

/** A sign-in that was begun, and what became of it. */
export interface Attempt {
  readonly verifier: string;
  readonly nonce: string;
  readonly returnTo: string;
  /** Epoch milliseconds. */
  readonly begunAt: number;
  readonly signedIn?: SignedIn;
}

interface Values {
  readonly session: KeptSession;
  /** What tokens are bound to; no script can read its private half. */
  readonly key: CryptoKeyPair;
}

/** What is to be put in its place, all of it or nothing; `undefined` deletes. */
export interface KeepChange {
  readonly session?: KeptSession | undefined;
  readonly key?: CryptoKeyPair;
  /** By their state. */
  readonly attempts?: Readonly<Record<string, Attempt | undefined>>;
}

const VALUES = "values";
const ATTEMPTS = "attempts";

/** What outlives a page, shared by all tabs: the tokens, the key they are bound to, and sign-ins under way. */
export class Keep {
  readonly #name: string;
  #database: Promise<IDBDatabase> | undefined;

  constructor(name: string) {
    this.#name = name;
  }

  async get<Name extends keyof Values>(name: Name): Promise<Values[Name] | undefined> {
    const transaction = await this.#begin("readonly");
    // Only `put` writes here, each name with the value that is its own.
    return (await settled(transaction.objectStore(VALUES).get(name))) as Values[Name] | undefined;
  }

  async attempt(state: string): Promise<Attempt | undefined> {
    const transaction = await this.#begin("readonly");
    // Only `put` writes here.
    return (await settled(transaction.objectStore(ATTEMPTS).get(state))) as Attempt | undefined;
  }

  async put({ attempts = {}, ...values }: KeepChange): Promise<void> {
    const transaction = await this.#begin("readwrite");
    write(transaction.objectStore(VALUES), values);
    write(transaction.objectStore(ATTEMPTS), attempts);
    await committed(transaction);
  }

  /** Forgets sign-ins that were begun before a time. */
  async forgetAttempts(before: number): Promise<void> {
    const transaction = await this.#begin("readwrite");
    const store = transaction.objectStore(ATTEMPTS);
    for (const state of await settled(store.getAllKeys())) {
      // Only `put` writes here.
      const attempt = (await settled(store.get(state))) as Attempt | undefined;
      if (attempt !== undefined && attempt.begunAt < before) store.delete(state);
    }
    await committed(transaction);
  }

  async #begin(mode: IDBTransactionMode): Promise<IDBTransaction> {
    this.#database ??= this.#open();
    return (await this.#database).transaction([VALUES, ATTEMPTS], mode);
  }

  async #open(): Promise<IDBDatabase> {
    const request = indexedDB.open(this.#name, 1);
    request.addEventListener("upgradeneeded", () => {
      for (const store of [VALUES, ATTEMPTS]) request.result.createObjectStore(store);
    });
    const database = await settled(request);
    // A browser that cleans up closes it; whoever asks next opens it again.
    database.addEventListener("close", () => void (this.#database = undefined));
    return database;
  }
}

function write(store: IDBObjectStore, values: object): void {
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) store.delete(name);
    else store.put(value, name);
  }
}

function settled<Result>(request: IDBRequest<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    request.addEventListener("success", () => resolve(request.result));
    request.addEventListener("error", () => reject(request.error ?? new Error("The browser keeps nothing.")));
  });
}

function committed(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (): void => reject(transaction.error ?? new Error("The browser keeps nothing."));
    transaction.addEventListener("complete", () => resolve());
    transaction.addEventListener("error", fail);
    transaction.addEventListener("abort", fail);
  });
}
