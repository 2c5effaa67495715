import type { Clock } from "../../kernel/clock.ts";
import { base64url, fromBase64url } from "../../kernel/codec.ts";
import { deny, type Denial } from "../../kernel/outcome.ts";
import type { KeyRing } from "../../kernel/key-ring.ts";
import type { DocumentKey, Documents } from "../../kernel/ports/documents.ts";
import type { ReadTransaction, WriteTransaction } from "../../kernel/ports/store.ts";
import type { Random } from "../../kernel/random.ts";
import type { Sealer } from "../../kernel/seal.ts";
import { identityEvents } from "../events.ts";
import { accountProblems } from "../problems.ts";

/** What a link in a message is for: to join, to prove an address, to set a new password, to have another address. */
export type LinkPurpose = "join" | "verify" | "reset" | "email";

/** Where a link is good. */
export interface LinkPlace {
  readonly purpose: LinkPurpose;
  readonly tenant: string;
}

/** What links are kept with. */
export interface AccountLinksParts {
  readonly documents: Documents;
  readonly keyRing: KeyRing;
  readonly sealer: Sealer;
  readonly random: Random;
  readonly clock: Clock;
}

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** Milliseconds a link is good. */
export const LINK_LIFETIMES: Readonly<Record<LinkPurpose, number>> = {
  join: 7 * DAY,
  verify: DAY,
  reset: 30 * MINUTE,
  email: DAY,
};

const TOKEN_BYTES = 20;
const KIND = "account-link";

/** Tokens of 160 bits that go out by mail, each good once. The store has a keyed hash of a token, and sealed what it is for. */
export class AccountLinks {
  readonly #parts: AccountLinksParts;

  constructor(parts: AccountLinksParts) {
    this.#parts = parts;
  }

  /** A new token; `subject` is what `find` and `consume` give back. */
  async issue(writing: WriteTransaction, place: LinkPlace, subject: unknown): Promise<string> {
    const { documents, sealer, random, clock } = this.#parts;
    const token = base64url(random.bytes(TOKEN_BYTES));
    const key = this.#key(place, token);
    const body = sealer.seal(JSON.stringify(subject), bindingOf(key));
    await documents.put(writing, key, { expected: 0, body, expiresAt: clock.now() + LINK_LIFETIMES[place.purpose] });
    return token;
  }

  /** What a token is for, without using it up: programs that look at links before people do follow them too. */
  async find(reading: ReadTransaction, place: LinkPlace, token: string): Promise<unknown> {
    if (fromBase64url(token)?.byteLength !== TOKEN_BYTES) return undefined;
    const key = this.#key(place, token);
    const document = await this.#parts.documents.get(reading, key);
    if (document === undefined) return undefined;
    return JSON.parse(this.#parts.sealer.openStored(document.body, bindingOf(key)));
  }

  /** Uses a token up: what it is for the first time, `undefined` afterwards. */
  async consume(writing: WriteTransaction, place: LinkPlace, token: string): Promise<unknown> {
    const subject = await this.find(writing, place, token);
    if (subject !== undefined) await this.#parts.documents.delete(writing, this.#key(place, token));
    return subject;
  }

  #key({ purpose, tenant }: LinkPlace, token: string): DocumentKey {
    return { kind: KIND, tenant, id: this.#parts.keyRing.fingerprint(KIND, purpose, tenant, token) };
  }
}

/** Refuses a link, whatever is wrong with it. */
export function refuseLink({ purpose }: Pick<LinkPlace, "purpose">): Denial {
  const event = identityEvents.account_link_refused;
  return deny(accountProblems.ACCOUNT_LINK_INVALID, { event, context: { purpose } });
}

function bindingOf({ tenant, id }: DocumentKey) {
  return { purpose: KIND, context: [tenant, id] };
}
