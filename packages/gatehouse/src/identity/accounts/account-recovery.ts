import { deny, isDenial, type Denial } from "../../kernel/outcome.ts";
import type { AccountKey, Factors } from "../../kernel/ports/accounts.ts";
import type { ReadTransaction, Store, WriteTransaction } from "../../kernel/ports/store.ts";
import { problems } from "../../kernel/problems.ts";
import { refuseLink, type AccountLinks, type LinkPlace } from "./account-links.ts";
import type { Account, Directory } from "./directory.ts";
import type { Letters } from "./letters.ts";
import type { Passwords } from "./passwords/passwords.ts";
import { enrolledKinds } from "./proof.ts";

/** What setting passwords and proving addresses works with. */
export interface AccountRecoveryParts {
  readonly directory: Directory;
  readonly factors: Factors;
  readonly passwords: Passwords;
  readonly links: AccountLinks;
  readonly letters: Letters;
}

/** What a link of a message is about. */
interface LinkSubject {
  /** Absent: nobody has the address, and the link was sent to nobody. */
  readonly account?: AccountKey;
  /** The account's `changedAt` when the link was made: a new password makes older links void. */
  readonly changedAt?: number;
  readonly email: string;
}

/** Where a link is good that is about an account. */
export interface RecoveryPlace extends LinkPlace {
  readonly purpose: "reset" | "verify";
}

/** A new password by a link. */
export interface ResetClaim {
  readonly tenant: string;
  readonly token: string;
  readonly password: string;
  readonly read: Store["read"];
}

/** A new password of somebody who has signed in. */
export interface PasswordChange {
  readonly account: Account;
  readonly password: string;
  readonly read: Store["read"];
}

/** A hashed password, before it is set. */
export interface PreparedPassword {
  readonly account: AccountKey;
  readonly phc: string;
}

/** A hashed password and the link that allows it. */
export interface PreparedReset extends PreparedPassword {
  readonly token: string;
}

/**
 * New passwords, and proofs of addresses, by links in messages. A link stands for a mailbox, not for a factor: whoever
 * has set a password with one signs in with it like everybody, second factor included.
 */
export class AccountRecovery {
  readonly #parts: AccountRecoveryParts;

  constructor(parts: AccountRecoveryParts) {
    this.#parts = parts;
  }

  /** Sends a link to set a new password; does the same, and sends nothing, where nobody has the address. */
  async requestReset(writing: WriteTransaction, tenant: string, email: string): Promise<void> {
    const { directory, links, letters } = this.#parts;
    const account = await directory.findByEmail(writing, tenant, email);
    if (account?.state !== "active") {
      await links.issue(writing, { purpose: "reset", tenant }, { email });
      return;
    }
    const link = await this.linkFor(writing, account, email);
    letters.post(writing, { kind: "reset", to: email, locale: account.locale, link });
  }

  /** Whether a link still leads somewhere, for the page it leads to. */
  async isGood(read: Store["read"], place: RecoveryPlace, token: string): Promise<boolean> {
    return read(async (reading) => {
      // What `subjectOf` has made.
      const subject = (await this.#parts.links.find(reading, place, token)) as LinkSubject | undefined;
      return (await this.#current(reading, subject)) !== undefined;
    });
  }

  /** A link to set a new password, for whoever hands it over in another way. */
  async linkFor(writing: WriteTransaction, account: Account, email: string): Promise<string> {
    const { links, letters } = this.#parts;
    const { tenant } = account;
    return letters.linkTo(
      tenant,
      "reset",
      await links.issue(writing, { purpose: "reset", tenant }, subjectOf(account, email)),
    );
  }

  /** Checks and hashes the new password; before the transaction, because it takes long. */
  async prepareReset({ tenant, token, password, read }: ResetClaim): Promise<PreparedReset | Denial> {
    const account = await read(async (reading) => {
      // What `linkFor` has issued.
      const subject = (await this.#parts.links.find(reading, { purpose: "reset", tenant }, token)) as
        | LinkSubject
        | undefined;
      return this.#current(reading, subject);
    });
    if (account === undefined) return refuseLink({ purpose: "reset" });
    const prepared = await this.prepareChange({ account, password, read });
    return isDenial(prepared) ? prepared : { ...prepared, token };
  }

  /**
   * Uses the link up, sets the password, signs the account out everywhere. The browser may be given a mark of a known
   * device: whoever has the mailbox must not be kept out by others who guess.
   */
  async commitReset(writing: WriteTransaction, { account, phc, token }: PreparedReset): Promise<AccountKey | Denial> {
    const { links, directory, passwords } = this.#parts;
    const place = { purpose: "reset", tenant: account.tenant } as const;
    // What `linkFor` has issued.
    const subject = (await links.consume(writing, place, token)) as LinkSubject | undefined;
    const current = await this.#current(writing, subject);
    if (subject === undefined || current?.id !== account.id) return refuseLink(place);
    await passwords.set(writing, account, phc);
    await directory.verifyEmail(writing, account, subject.email);
    return account;
  }

  /** Checks and hashes a password somebody wants to have from now on; before the transaction, because it takes long. */
  async prepareChange({ account, password, read }: PasswordChange): Promise<PreparedPassword | Denial> {
    const { directory, factors, passwords } = this.#parts;
    const { emails, kinds } = await read(async (reading) => ({
      emails: await directory.emails(reading, account),
      kinds: await enrolledKinds(factors, reading, account),
    }));
    const names = [account.name, ...emails.map(({ email }) => email)];
    const phc = await passwords.prepare(password, { names, secondFactor: kinds.has("totp") || kinds.has("passkey") });
    return isDenial(phc) ? phc : { account: { tenant: account.tenant, id: account.id }, phc };
  }

  /**
   * Sets a password and signs the account out everywhere. Returns its new `changedAt`, with which the session that asked
   * can be signed in anew.
   */
  async commitChange(writing: WriteTransaction, { account, phc }: PreparedPassword): Promise<number | Denial> {
    return (await this.#parts.passwords.set(writing, account, phc)) ?? deny(problems.NOT_FOUND);
  }

  /** Sends a link that proves an address of an account. */
  async requestVerification(writing: WriteTransaction, account: Account, email: string): Promise<void> {
    const { links, letters } = this.#parts;
    const { tenant, locale } = account;
    const token = await links.issue(writing, { purpose: "verify", tenant }, subjectOf(account, email));
    const link = letters.linkTo(tenant, "verify", token);
    letters.post(writing, { kind: "verification", to: email, locale, link });
  }

  /** Uses the link up and notes that the address is proven. */
  async confirmVerification(writing: WriteTransaction, tenant: string, token: string): Promise<AccountKey | Denial> {
    const { links, directory } = this.#parts;
    const place = { purpose: "verify", tenant } as const;
    // What `requestVerification` has issued.
    const subject = (await links.consume(writing, place, token)) as LinkSubject | undefined;
    const account = await this.#current(writing, subject);
    if (subject === undefined || account === undefined) return refuseLink(place);
    const proven = await directory.verifyEmail(writing, account, subject.email);
    return proven ? { tenant: account.tenant, id: account.id } : refuseLink(place);
  }

  /** The account a link is about, unless it has moved on since. */
  async #current(reading: ReadTransaction, subject: LinkSubject | undefined): Promise<Account | undefined> {
    if (subject?.account === undefined) return undefined;
    const account = await this.#parts.directory.find(reading, subject.account);
    return account?.state === "active" && account.changedAt === subject.changedAt ? account : undefined;
  }
}

function subjectOf({ tenant, id, changedAt }: Account, email: string): LinkSubject {
  return { account: { tenant, id }, changedAt, email };
}
