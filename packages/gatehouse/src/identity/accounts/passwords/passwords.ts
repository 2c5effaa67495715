import type { Denial } from "../../../kernel/outcome.ts";
import { deny, isDenial } from "../../../kernel/outcome.ts";
import type { AccountKey, Factors } from "../../../kernel/ports/accounts.ts";
import type { ReadTransaction, WriteTransaction } from "../../../kernel/ports/store.ts";
import { problems } from "../../../kernel/problems.ts";
import type { AccountSecrets } from "../account-secrets.ts";
import type { Directory } from "../directory.ts";
import type { PasswordHasher } from "./hasher.ts";
import { normalisePassword, type PasswordOwner, type PasswordPolicy } from "./policy.ts";

/** What passwords work with. */
export interface PasswordsParts {
  readonly factors: Factors;
  readonly secrets: AccountSecrets;
  readonly directory: Directory;
  readonly hasher: PasswordHasher;
  readonly policy: PasswordPolicy;
}

/** The password of an account as it is kept. */
export interface KeptPassword {
  readonly phc: string;
  /** The row's body, by which a change of it is told. */
  readonly body: string;
}

/**
 * The passwords of accounts: hashed with Argon2id, and the hash sealed for its account. Sealing does what a pepper does,
 * whoever has the database alone has nothing to guess at; besides, its key can be rotated without anybody's password,
 * and a hash that somebody writes into the row of another account does not open there.
 */
export class Passwords {
  readonly #parts: PasswordsParts;

  constructor(parts: PasswordsParts) {
    this.#parts = parts;
  }

  async find(reading: ReadTransaction, account: AccountKey): Promise<KeptPassword | undefined> {
    const { factors, secrets } = this.#parts;
    const key = keyOf(secrets, account);
    const factor = await factors.find(reading, key);
    if (factor === undefined) return undefined;
    // What `set` has sealed.
    return { phc: secrets.open(account, key, factor.body) as string, body: factor.body };
  }

  /** Checks a new password and hashes it; before the transaction, because it takes long. */
  async prepare(password: string, owner: PasswordOwner): Promise<string | Denial> {
    const { policy, hasher } = this.#parts;
    const normalised = normalisePassword(password);
    const violations = await policy.check(normalised, owner);
    if (violations.length > 0) return deny(problems.VALIDATION_ERROR, { violations });
    return hasher.hash(normalised);
  }

  /** Whether a password is the kept one, and its hash anew where that is stale. Takes as long where there is none. */
  async verify(password: string, kept: KeptPassword | undefined): Promise<PasswordMatch | Denial> {
    const { hasher, secrets } = this.#parts;
    const normalised = normalisePassword(password);
    const answer = await hasher.verify(normalised, kept?.phc);
    if (isDenial(answer) || !answer.right || kept === undefined) return isDenial(answer) ? answer : { right: false };
    const phc = answer.stale ? await hasher.hash(normalised) : kept.phc;
    // A busy moment is no reason to refuse a right password: it is hashed anew another time.
    if (isDenial(phc) || (!answer.stale && !secrets.needsReseal(kept.body))) return { right: true };
    return { right: true, renewal: { before: kept.body, phc } };
  }

  /** Sets a password and signs the account out everywhere; `undefined` where there is no such account. */
  async set(writing: WriteTransaction, account: AccountKey, phc: string): Promise<number | undefined> {
    const { factors, secrets, directory } = this.#parts;
    const key = keyOf(secrets, account);
    const { tenant, id } = account;
    const changedAt = await directory.change(writing, account);
    if (changedAt === undefined) return undefined;
    await factors.remove(writing, key, account);
    const body = secrets.seal(account, key, phc);
    await factors.add(writing, { key, tenant, account: id, kind: "password", body, counter: 0, createdAt: changedAt });
    return changedAt;
  }

  /** Notes that somebody has signed in with it. */
  async noteUse(writing: WriteTransaction, account: AccountKey): Promise<void> {
    await this.#parts.factors.touch(writing, keyOf(this.#parts.secrets, account));
  }

  /** Replaces the hash of an unchanged password. */
  async renew(writing: WriteTransaction, account: AccountKey, { before, phc }: PasswordRenewal): Promise<void> {
    const { factors, secrets } = this.#parts;
    const key = keyOf(secrets, account);
    await factors.rewrite(writing, key, { before, body: secrets.seal(account, key, phc) });
  }
}

/** A better hash of the same password. */
export interface PasswordRenewal {
  readonly before: string;
  readonly phc: string;
}

/** What comparing passwords came to. */
export interface PasswordMatch {
  readonly right: boolean;
  /** Present where the row should be written anew: at another cost, or under another key. */
  readonly renewal?: PasswordRenewal;
}

function keyOf(secrets: AccountSecrets, account: AccountKey): string {
  return secrets.factorKey(account, "password");
}
