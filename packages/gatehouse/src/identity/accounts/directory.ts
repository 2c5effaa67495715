import type { Clock } from "../../kernel/clock.ts";
import type { Ids } from "../../kernel/ids.ts";
import type {
  AccountKey,
  Accounts,
  AccountState,
  StoredAccount,
  StoredIdentifier,
} from "../../kernel/ports/accounts.ts";
import type { OAuthArtifacts } from "../../kernel/ports/oauth-artifacts.ts";
import type { GrantEnding } from "../../kernel/ports/oauth-grants.ts";
import type { Sessions } from "../../kernel/ports/sessions.ts";
import type { ReadTransaction, WriteTransaction } from "../../kernel/ports/store.ts";
import type { AccountSecrets } from "./account-secrets.ts";

/** What an account says of a person. */
export interface Profile {
  readonly name: string;
  /** A language tag (BCP 47): `en`, `de-AT`. */
  readonly locale: string;
}

/** Somebody who can sign in. */
export interface Account extends AccountKey, Profile {
  readonly state: AccountState;
  readonly grants: readonly string[];
  /** Epoch milliseconds. */
  readonly createdAt: number;
  /** Moves when everybody who signed in before is to be signed out. */
  readonly changedAt: number;
}

/** An address of an account. */
export interface AccountEmail {
  readonly email: string;
  /** Epoch milliseconds at which the person proved that it is theirs. */
  readonly verifiedAt: number | undefined;
}

/** Somebody who is to have an account. */
export interface NewAccount extends Profile {
  readonly tenant: string;
  /** Normalised. */
  readonly email: string;
  /** Whether the person has proven that the address is theirs. */
  readonly verified: boolean;
  readonly grants: readonly string[];
}

/** What changes of what somebody may do, and why their sessions and tokens end with it. */
export interface AccessChange {
  readonly grants?: readonly string[];
  readonly state?: AccountState;
  /** Default: the account changed, by itself. */
  readonly ending?: GrantEnding;
}

/** What the directory works with. */
export interface DirectoryParts {
  readonly accounts: Accounts;
  readonly secrets: AccountSecrets;
  readonly sessions: Pick<Sessions, "endAll">;
  readonly artifacts: Pick<OAuthArtifacts, "revoke">;
  readonly ids: Ids;
  readonly clock: Clock;
}

/** The name under which profiles are sealed. */
export const PROFILE = "profile";

/** The people of all tenants. */
export class Directory {
  readonly #parts: DirectoryParts;

  constructor(parts: DirectoryParts) {
    this.#parts = parts;
  }

  async find(reading: ReadTransaction, key: AccountKey): Promise<Account | undefined> {
    const stored = await this.#parts.accounts.find(reading, key);
    return stored === undefined ? undefined : this.#open(stored);
  }

  async findByEmail(reading: ReadTransaction, tenant: string, email: string): Promise<Account | undefined> {
    const { accounts, secrets } = this.#parts;
    const stored = await accounts.findByIdentifier(reading, secrets.emailKey(tenant, email));
    return stored === undefined ? undefined : this.#open(stored);
  }

  /** Oldest first; `after` is the `id` of the last one of the page before. */
  async list(reading: ReadTransaction, page: { tenant: string; after?: string | undefined; limit: number }) {
    return (await this.#parts.accounts.list(reading, page)).map((stored) => this.#open(stored));
  }

  async emails(reading: ReadTransaction, key: AccountKey): Promise<AccountEmail[]> {
    const identifiers = await this.#parts.accounts.identifiers(reading, key);
    return identifiers.map(({ key: row, body, verifiedAt }) => ({
      // What `#identifier` has sealed.
      email: this.#parts.secrets.open(key, row, body) as string,
      verifiedAt,
    }));
  }

  /** `undefined` where there is an account with the address. */
  async create(writing: WriteTransaction, person: NewAccount): Promise<Account | undefined> {
    const { ids, secrets, accounts } = this.#parts;
    const { tenant, email, verified, grants, name, locale } = person;
    const key = { tenant, id: ids.next() };
    const now = await writing.now();
    const profile = secrets.seal(key, PROFILE, { name, locale });
    const stored: StoredAccount = { ...key, state: "active", profile, grants, createdAt: now, changedAt: now };
    const identifier = this.#identifier(key, email, verified ? now : undefined);
    if (!(await accounts.create(writing, stored, identifier))) return undefined;
    return { ...key, state: "active", name, locale, grants, createdAt: now, changedAt: now };
  }

  /** Gives an account a further address; `false` where one has it. */
  async addEmail(writing: WriteTransaction, key: AccountKey, email: string): Promise<boolean> {
    return this.#parts.accounts.addIdentifier(writing, this.#identifier(key, email, await writing.now()));
  }

  /** Notes that the person has proven an address; `false` where it is not the account's. */
  async verifyEmail(writing: WriteTransaction, key: AccountKey, email: string): Promise<boolean> {
    const { accounts, secrets } = this.#parts;
    return accounts.verifyIdentifier(writing, secrets.emailKey(key.tenant, email), key);
  }

  /**
   * Makes a proven address the only one of an account, and signs it out everywhere: links that went to the addresses
   * before lead nowhere from then on. Returns the addresses that went; `undefined` where another account has the new one.
   */
  async replaceEmails(writing: WriteTransaction, key: AccountKey, email: string): Promise<string[] | undefined> {
    const { accounts, secrets } = this.#parts;
    const before = await this.emails(writing, key);
    const isKnown = before.some((known) => known.email === email);
    const taken = isKnown ? await this.verifyEmail(writing, key, email) : await this.addEmail(writing, key, email);
    if (!taken) return undefined;
    const gone = before.map((known) => known.email).filter((known) => known !== email);
    for (const each of gone) await accounts.removeIdentifier(writing, secrets.emailKey(key.tenant, each), key);
    await this.change(writing, key);
    return gone;
  }

  async rename(writing: WriteTransaction, key: AccountKey, { name, locale }: Profile): Promise<boolean> {
    const profile = this.#parts.secrets.seal(key, PROFILE, { name, locale });
    return (await this.#parts.accounts.update(writing, key, { profile, voids: false })) !== undefined;
  }

  /**
   * Changes what somebody may do, or whether they may sign in, and signs them out everywhere. Returns the new
   * `changedAt`; `undefined` where there is no such account.
   */
  async change(
    writing: WriteTransaction,
    key: AccountKey,
    { ending, ...change }: AccessChange = {},
  ): Promise<number | undefined> {
    const changedAt = await this.#parts.accounts.update(writing, key, { ...change, voids: true });
    if (changedAt !== undefined) await this.#signOut(writing, key, ending);
    return changedAt;
  }

  /** Deletes an account and what belongs to it; `false` where there is none. */
  async remove(writing: WriteTransaction, key: AccountKey, ending?: GrantEnding): Promise<boolean> {
    await this.#signOut(writing, key, ending);
    return this.#parts.accounts.remove(writing, key);
  }

  async #signOut(writing: WriteTransaction, { tenant, id }: AccountKey, ending?: GrantEnding): Promise<void> {
    await this.#parts.sessions.endAll(writing, { tenant, principalType: "user", principalId: id });
    const why = ending ?? { cause: "account_changed", by: id };
    await this.#parts.artifacts.revoke(writing, { tenant, account: id }, why);
  }

  #identifier(key: AccountKey, email: string, verifiedAt: number | undefined): StoredIdentifier {
    const { secrets } = this.#parts;
    const row = secrets.emailKey(key.tenant, email);
    return {
      ...{ key: row, tenant: key.tenant, account: key.id, kind: "email", verifiedAt },
      body: secrets.seal(key, row, email),
    };
  }

  #open({ id, tenant, state, profile, grants, createdAt, changedAt }: StoredAccount): Account {
    // What `create` or `rename` has sealed for this very account.
    const { name, locale } = this.#parts.secrets.open({ tenant, id }, PROFILE, profile) as Profile;
    return { id, tenant, name, locale, state, grants, createdAt, changedAt };
  }
}
