import { deny, isDenial, type Denial } from "../../kernel/outcome.ts";
import type { Store, WriteTransaction } from "../../kernel/ports/store.ts";
import { accountProblems } from "../problems.ts";
import { refuseLink, type AccountLinks, type LinkPlace } from "./account-links.ts";
import type { Account, Directory, NewAccount, Profile } from "./directory.ts";
import type { Letters } from "./letters.ts";
import type { Passwords } from "./passwords/passwords.ts";

/** What joining works with. */
export interface MembershipParts {
  readonly directory: Directory;
  readonly passwords: Passwords;
  readonly links: AccountLinks;
  readonly letters: Letters;
  /** Whether people may register by themselves. */
  readonly registration: boolean;
}

/** Who is invited, and to what. */
export type Invitation = Omit<NewAccount, "verified">;

/** Somebody who follows an invitation. */
export interface JoinClaim extends Profile {
  readonly tenant: string;
  readonly token: string;
  readonly password: string;
  readonly read: Store["read"];
}

/** Somebody who may join, before the account is there. */
export interface PreparedJoin extends Profile {
  readonly place: LinkPlace;
  readonly token: string;
  readonly phc: string;
}

/**
 * Ways to an account: by invitation, or, where registration is switched on, by an invitation one asks for oneself.
 * Either goes through the mailbox, so an account's first address is always proven, and registering tells nobody who has
 * an account.
 */
export class Membership {
  readonly #parts: MembershipParts;

  constructor(parts: MembershipParts) {
    this.#parts = parts;
  }

  /** Invites somebody by mail; returns the link too, for whoever hands it over in another way. */
  async invite(writing: WriteTransaction, invitation: Invitation): Promise<string | Denial> {
    const { directory, letters } = this.#parts;
    const { tenant, email, locale } = invitation;
    const known = await directory.findByEmail(writing, tenant, email);
    if (known !== undefined) return deny(accountProblems.ACCOUNT_EXISTS);
    const link = await this.#linkFor(writing, invitation);
    letters.post(writing, { kind: "invitation", to: email, locale, link });
    return link;
  }

  /** Asks for an account; the answer is the same whether there is one already. The grants are those of newcomers. */
  async register(writing: WriteTransaction, newcomer: Invitation): Promise<Denial | undefined> {
    const { directory, letters, registration } = this.#parts;
    if (!registration) return deny(accountProblems.REGISTRATION_CLOSED);
    const { tenant, email, locale } = newcomer;
    const known = await directory.findByEmail(writing, tenant, email);
    const link = await this.#linkFor(writing, newcomer);
    const letter =
      known === undefined ? ({ kind: "registration", link } as const) : ({ kind: "already-registered" } as const);
    letters.post(writing, { ...letter, to: email, locale: known?.locale ?? locale });
    return undefined;
  }

  /** Who a link invites, for the page it leads to; `undefined` where it is not good. */
  async invitationOf(read: Store["read"], tenant: string, token: string): Promise<Invitation | undefined> {
    // What `#linkFor` has issued.
    return (await read((reading) => this.#parts.links.find(reading, joinAt(tenant), token))) as Invitation | undefined;
  }

  /** Checks and hashes the new password; before the transaction, because it takes long. */
  async prepareJoin({ tenant, token, password, name, locale, read }: JoinClaim): Promise<PreparedJoin | Denial> {
    const place = joinAt(tenant);
    const invitation = await this.invitationOf(read, tenant, token);
    if (invitation === undefined) return refuseLink(place);
    const phc = await this.#parts.passwords.prepare(password, { names: [name, invitation.email], secondFactor: false });
    return isDenial(phc) ? phc : { place, token, phc, name, locale };
  }

  /** Uses the link up and creates the account. */
  async commitJoin(
    writing: WriteTransaction,
    { place, token, phc, name, locale }: PreparedJoin,
  ): Promise<Account | Denial> {
    const { directory, links, passwords } = this.#parts;
    // What `#linkFor` has issued.
    const invitation = (await links.consume(writing, place, token)) as Invitation | undefined;
    if (invitation === undefined) return refuseLink(place);
    const { tenant, email, grants } = invitation;
    const account = await directory.create(writing, { tenant, email, grants, verified: true, name, locale });
    if (account === undefined) return refuseLink(place);
    const changedAt = await passwords.set(writing, account, phc);
    return { ...account, changedAt: changedAt ?? account.changedAt };
  }

  async #linkFor(writing: WriteTransaction, { tenant, email, name, locale, grants }: Invitation): Promise<string> {
    const { links, letters } = this.#parts;
    const invitation: Invitation = { tenant, email, name, locale, grants };
    const token = await links.issue(writing, joinAt(tenant), invitation);
    return letters.linkTo(tenant, "join", token);
  }
}

function joinAt(tenant: string): LinkPlace {
  return { purpose: "join", tenant };
}
