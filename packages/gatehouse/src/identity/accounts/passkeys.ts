import { base64url, utf8 } from "../../kernel/codec.ts";
import type { AccountKey, Factors, StoredFactor } from "../../kernel/ports/accounts.ts";
import type { ReadTransaction, WriteTransaction } from "../../kernel/ports/store.ts";
import type { AccountSecrets } from "./account-secrets.ts";

/** What passkeys are kept with. */
export interface PasskeysParts {
  readonly factors: Factors;
  readonly secrets: AccountSecrets;
}

/** A passkey as its owner sees it. */
export interface Passkey {
  readonly key: string;
  readonly name: string;
  /** Copied between devices by their owner's account with a vendor. */
  readonly synchronised: boolean;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  readonly usedAt: number | undefined;
}

/** What is kept of a passkey, sealed. */
export interface KeptPasskey {
  readonly id: string;
  /** COSE, base64url. */
  readonly publicKey: string;
  readonly name: string;
  readonly transports: readonly string[];
  readonly synchronised: boolean;
}

/** A passkey as a row, and what it says. */
export interface StoredPasskey {
  readonly factor: StoredFactor;
  readonly kept: KeptPasskey;
}

const LONGEST_NAME = 60;

/** The passkeys of accounts. */
export class Passkeys {
  readonly #parts: PasskeysParts;

  constructor(parts: PasskeysParts) {
    this.#parts = parts;
  }

  /** The passkeys of an account, oldest first. */
  async list(reading: ReadTransaction, account: AccountKey): Promise<Passkey[]> {
    return (await this.stored(reading, account)).map(shown);
  }

  /** Calls one something else; `false` where the account has none by this key. */
  async rename(
    writing: WriteTransaction,
    account: AccountKey,
    change: { key: string; name: string },
  ): Promise<boolean> {
    const found = (await this.stored(writing, account)).find(({ factor }) => factor.key === change.key);
    if (found === undefined) return false;
    const { factors, secrets } = this.#parts;
    const body = secrets.seal(account, change.key, { ...found.kept, name: nameOf(change.name) });
    return factors.rewrite(writing, change.key, { before: found.factor.body, body });
  }

  /** Takes one away; `false` where the account has none by this key. */
  async remove(writing: WriteTransaction, account: AccountKey, key: string): Promise<boolean> {
    const found = (await this.stored(writing, account)).some(({ factor }) => factor.key === key);
    return found && this.#parts.factors.remove(writing, key, account);
  }

  /** Adds one; `undefined` where it is known already. */
  async add(
    writing: WriteTransaction,
    account: AccountKey,
    { kept, counter }: { readonly kept: KeptPasskey; readonly counter: number },
  ): Promise<Passkey | undefined> {
    const { factors, secrets } = this.#parts;
    const { tenant, id } = account;
    const key = secrets.passkeyKey(tenant, kept.id);
    const named = { ...kept, name: nameOf(kept.name) };
    const body = secrets.seal(account, key, named);
    const createdAt = await writing.now();
    const factor: StoredFactor = { key, tenant, account: id, kind: "passkey", body, counter, createdAt };
    return (await factors.add(writing, factor)) ? shown({ factor, kept: named }) : undefined;
  }

  /** The row of a passkey, by the identifier its authenticator gave it. */
  async find(reading: ReadTransaction, tenant: string, credential: string): Promise<StoredPasskey | undefined> {
    const { factors, secrets } = this.#parts;
    const factor = await factors.find(reading, secrets.passkeyKey(tenant, credential));
    return factor === undefined ? undefined : this.#open(factor);
  }

  /** The rows of an account, oldest first. */
  async stored(reading: ReadTransaction, { tenant, id }: AccountKey): Promise<StoredPasskey[]> {
    const rows = await this.#parts.factors.list(reading, { tenant, account: id, kind: "passkey" });
    return rows.map((factor) => this.#open(factor));
  }

  /** Notes a use; `false` where the counter has not moved on. */
  async use(writing: WriteTransaction, factor: StoredFactor, counter: number): Promise<boolean> {
    const { factors } = this.#parts;
    return counts(factor, counter) ? factors.advance(writing, factor.key, counter) : factors.touch(writing, factor.key);
  }

  #open(factor: StoredFactor): StoredPasskey {
    const account = { tenant: factor.tenant, id: factor.account };
    // What `add` or `rename` has sealed.
    return { factor, kept: this.#parts.secrets.open(account, factor.key, factor.body) as KeptPasskey };
  }
}

/** Whether an authenticator counts: those that do not always say 0 (WebAuthn section 6.1.1). */
export function counts(factor: StoredFactor, counter: number): boolean {
  return counter > 0 || factor.counter > 0;
}

/** What a passkey knows its owner by, base64url of its bytes: nothing about the person. */
export function handleOf({ id }: AccountKey): string {
  return base64url(utf8(id));
}

function shown({ factor: { key, createdAt, usedAt }, kept: { name, synchronised } }: StoredPasskey): Passkey {
  return { key, name, synchronised, createdAt, usedAt };
}

function nameOf(text: string): string {
  const name = [...text.trim()].slice(0, LONGEST_NAME).join("");
  return name === "" ? "Passkey" : name;
}
