import type { KeyRing } from "../../kernel/key-ring.ts";
import { deny, type Denial } from "../../kernel/outcome.ts";
import type { Counters, LimitRule } from "../../kernel/ports/counters.ts";
import type { Mail } from "../../kernel/ports/mail.ts";
import type { WriteTransaction } from "../../kernel/ports/store.ts";
import { problems } from "../../kernel/problems.ts";
import type { LinkPurpose } from "./account-links.ts";
import { Delivery, type DeliveryParts } from "./delivery.ts";

/** What people are written about. */
export type LetterKind = "invitation" | "registration" | "already-registered" | "verification" | "reset";

/** What a letter says. */
export interface Letter {
  readonly kind: LetterKind;
  readonly to: string;
  /** A language tag (BCP 47). */
  readonly locale: string;
  /** Where it leads; absent where there is nothing to follow. */
  readonly link?: string;
}

/** What letters are sent with. */
export interface LettersParts extends DeliveryParts {
  readonly counters: Counters;
  readonly keyRing: KeyRing;
  /** The address of a page, by the tenant and the purpose of a token. */
  readonly linkTo: (tenant: string, purpose: LinkPurpose, token: string) => string;
  /** The words; default: ours, in German for whoever reads it, else in English. */
  readonly write?: (letter: Letter, serviceName: string) => Pick<Mail, "subject" | "text">;
  readonly serviceName: string;
}

/** Letters anybody can have sent to one address: five an hour, whoever asks. */
const RECIPIENT_LIMIT: LimitRule = { kind: "window", limit: 5, window: 3_600_000 };
const RECIPIENT = "letters-recipient";

/** Letters leave once the transaction that wrote them has committed, so that no link arrives before it is good. */
export class Letters {
  readonly #parts: LettersParts;
  readonly #delivery: Delivery;

  constructor(parts: LettersParts) {
    this.#parts = parts;
    this.#delivery = new Delivery(parts);
  }

  /** The address a token is good at. */
  linkTo(tenant: string, purpose: LinkPurpose, token: string): string {
    return this.#parts.linkTo(tenant, purpose, token);
  }

  /**
   * Counts a letter that strangers can ask for, before the transaction; denied once an address has got many. The answer
   * is the same whether anybody has the address.
   */
  async admit(tenant: string, email: string): Promise<Denial | undefined> {
    const { counters, keyRing } = this.#parts;
    const key = keyRing.fingerprint(RECIPIENT, tenant, email);
    const { admitted, states } = await counters.take([{ policy: RECIPIENT, key, rule: RECIPIENT_LIMIT, cost: 1 }]);
    if (admitted) return undefined;
    const wait = Math.max(...states.map(({ retryAfter }) => retryAfter));
    return deny(problems.RATE_LIMIT_EXCEEDED, { retryAfter: Math.max(1, Math.ceil(wait / 1000)) });
  }

  /** Writes a letter, which leaves when the transaction has committed. */
  post(writing: WriteTransaction, letter: Letter): void {
    const { write = writeLetter, serviceName } = this.#parts;
    const mail: Mail = { to: letter.to, ...write(letter, serviceName) };
    writing.afterCommit(() => this.#delivery.send(mail));
  }
}

interface Words {
  readonly letters: Readonly<
    Record<LetterKind, { readonly subject: (service: string) => string; readonly text: string }>
  >;
  readonly ignore: string;
}

const ENGLISH: Words = {
  letters: {
    invitation: {
      subject: (service) => `You are invited to ${service}`,
      text: "You are invited to have an account. Choose a name and a password here within a week:",
    },
    registration: {
      subject: (service) => `Your account at ${service}`,
      text: "Finish your registration here within a week:",
    },
    "already-registered": {
      subject: (service) => `Your account at ${service}`,
      text: "Somebody wanted to register with this address. You have an account already: sign in with it.",
    },
    verification: {
      subject: (service) => `Confirm your address for ${service}`,
      text: "Confirm here within a day that this address is yours:",
    },
    reset: {
      subject: (service) => `A new password for ${service}`,
      text: "Choose a new password here within half an hour:",
    },
  },
  ignore: "If this was not you, there is nothing you need to do.",
};

const GERMAN: Words = {
  letters: {
    invitation: {
      subject: (service) => `Sie sind zu ${service} eingeladen`,
      text: "Sie sind eingeladen, ein Konto zu haben. Wählen Sie hier innerhalb einer Woche einen Namen und ein Passwort:",
    },
    registration: {
      subject: (service) => `Ihr Konto bei ${service}`,
      text: "Schließen Sie Ihre Registrierung hier innerhalb einer Woche ab:",
    },
    "already-registered": {
      subject: (service) => `Ihr Konto bei ${service}`,
      text: "Jemand wollte sich mit dieser Adresse registrieren. Sie haben schon ein Konto: Melden Sie sich damit an.",
    },
    verification: {
      subject: (service) => `Bestätigen Sie Ihre Adresse für ${service}`,
      text: "Bestätigen Sie hier innerhalb eines Tages, dass diese Adresse Ihre ist:",
    },
    reset: {
      subject: (service) => `Ein neues Passwort für ${service}`,
      text: "Wählen Sie hier innerhalb einer halben Stunde ein neues Passwort:",
    },
  },
  ignore: "Wenn Sie das nicht waren, brauchen Sie nichts zu tun.",
};

function writeLetter({ kind, link, locale }: Letter, service: string): Pick<Mail, "subject" | "text"> {
  const { letters, ignore } = /^de(?:-|$)/i.test(locale) ? GERMAN : ENGLISH;
  const { subject, text } = letters[kind];
  return { subject: subject(service), text: [text, ...(link === undefined ? [] : [link]), ignore].join("\n\n") };
}
