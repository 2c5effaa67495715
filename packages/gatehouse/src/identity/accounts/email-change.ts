import type { Denial } from "../../kernel/outcome.ts";
import type { AccountKey } from "../../kernel/ports/accounts.ts";
import type { ReadTransaction, Store, WriteTransaction } from "../../kernel/ports/store.ts";
import { refuseLink, type AccountLinks, type LinkPlace } from "./account-links.ts";
import type { Account, Directory } from "./directory.ts";
import type { Letters } from "./letters.ts";

/** What changing addresses works with. */
export interface EmailChangeParts {
  readonly directory: Directory;
  readonly links: AccountLinks;
  readonly letters: Letters;
}

interface Subject {
  readonly account: AccountKey;
  /** The account's `changedAt` when the link was made. */
  readonly changedAt: number;
  readonly email: string;
}

/**
 * Another address of an account. It counts once a link that went to it was followed. The address before is told when
 * the change is asked for and when it is made, so that nobody loses an account without hearing of it.
 */
export class EmailChange {
  readonly #parts: EmailChangeParts;

  constructor(parts: EmailChangeParts) {
    this.#parts = parts;
  }

  /** Sends the letters; the answer is the same whether another account has the address. */
  async request(writing: WriteTransaction, account: Account, email: string): Promise<void> {
    const { directory, links, letters } = this.#parts;
    const { tenant, id, changedAt, locale } = account;
    const subject: Subject = { account: { tenant, id }, changedAt, email };
    const link = letters.linkTo(tenant, "email", await links.issue(writing, placeIn(tenant), subject));
    const owner = await directory.findByEmail(writing, tenant, email);
    if (owner === undefined || owner.id === id) {
      const [known] = await directory.emails(writing, account);
      const about = known === undefined ? {} : { account: known.email };
      letters.post(writing, { kind: "email-change", to: email, locale, link, ...about });
    } else {
      letters.post(writing, { kind: "email-taken", to: email, locale: owner.locale });
    }
    for (const { email: to } of await directory.emails(writing, account)) {
      letters.post(writing, { kind: "email-change-asked", to, locale });
    }
  }

  /** Whether a link still leads somewhere, for the page it leads to. */
  async isGood(read: Store["read"], tenant: string, token: string): Promise<boolean> {
    const looked = await read((reading) => this.#find(reading, tenant, token));
    return looked !== undefined;
  }

  /** Uses the link up, makes the address that of the account, signs it out everywhere. */
  async confirm(writing: WriteTransaction, tenant: string, token: string): Promise<AccountKey | Denial> {
    const { directory, links, letters } = this.#parts;
    const found = await this.#find(writing, tenant, token);
    if (found === undefined) return refuseLink(placeIn(tenant));
    const { account, email } = found;
    await links.consume(writing, placeIn(tenant), token);
    const gone = await directory.replaceEmails(writing, account, email);
    if (gone === undefined) return refuseLink(placeIn(tenant));
    for (const to of gone) letters.post(writing, { kind: "email-changed", to, locale: account.locale });
    return { tenant, id: account.id };
  }

  async #find(
    reading: ReadTransaction,
    tenant: string,
    token: string,
  ): Promise<{ readonly account: Account; readonly email: string } | undefined> {
    // What `request` has issued.
    const subject = (await this.#parts.links.find(reading, placeIn(tenant), token)) as Subject | undefined;
    if (subject === undefined) return undefined;
    const account = await this.#parts.directory.find(reading, subject.account);
    const holds = account?.state === "active" && account.changedAt === subject.changedAt;
    return holds ? { account, email: subject.email } : undefined;
  }
}

function placeIn(tenant: string): LinkPlace {
  return { purpose: "email", tenant };
}
