import type { KeyRing } from "../../kernel/key-ring.ts";
import { deny, type Denial } from "../../kernel/outcome.ts";
import type { Counters, LimitRule } from "../../kernel/ports/counters.ts";
import type { Mail } from "../../kernel/ports/mail.ts";
import type { WriteTransaction } from "../../kernel/ports/store.ts";
import { problems } from "../../kernel/problems.ts";
import type { LinkPurpose } from "./account-links.ts";
import { Delivery, type DeliveryParts } from "./delivery.ts";

/** What owners are told of that has changed about their accounts. */
export type NoticeKind =
  | "password-changed"
  | "factor-added"
  | "factor-removed"
  | "recovery-codes-made"
  | "email-change-asked"
  | "email-changed";

/** What people are written about. */
export type LetterKind =
  | "invitation"
  | "registration"
  | "already-registered"
  | "verification"
  | "reset"
  | "email-change"
  | "email-taken"
  | NoticeKind;

/** What a letter says. */
export interface Letter {
  readonly kind: LetterKind;
  readonly to: string;
  /** A language tag (BCP 47). */
  readonly locale: string;
  /** Where it leads; absent where there is nothing to follow. */
  readonly link?: string;
  /** The address by which the account is known that it is about, where its reader may have another one. */
  readonly account?: string;
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
  /** For what has happened already. */
  readonly act: string;
  readonly account: (address: string) => string;
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
    "email-change": {
      subject: (service) => `Your new address at ${service}`,
      text: "Confirm here within a day that your account is to have this address from now on:",
    },
    "email-taken": {
      subject: (service) => `Your address at ${service}`,
      text: "Somebody wanted to use this address for another account. It belongs to yours, and nothing was changed.",
    },
    "password-changed": {
      subject: (service) => `Your password at ${service} was changed`,
      text: "The password of your account was changed, and you were signed out everywhere else.",
    },
    "factor-added": {
      subject: (service) => `Another way to sign in at ${service}`,
      text: "A second factor was added to your account: an authenticator app or a passkey.",
    },
    "factor-removed": {
      subject: (service) => `One way less to sign in at ${service}`,
      text: "A second factor was removed from your account: an authenticator app or a passkey.",
    },
    "recovery-codes-made": {
      subject: (service) => `New recovery codes at ${service}`,
      text: "New recovery codes were made for your account. Those before are void.",
    },
    "email-change-asked": {
      subject: (service) => `Your address at ${service} is to change`,
      text: "Your account is to have another address. It changes once the letter to the new address is answered.",
    },
    "email-changed": {
      subject: (service) => `Your address at ${service} has changed`,
      text: "Your account has another address from now on, and this one no more. You were signed out everywhere.",
    },
  },
  ignore: "If this was not you, there is nothing you need to do.",
  act: "If this was not you, set a new password at once and tell whoever runs the service.",
  account: (address) =>
    `It is the account that has the address ${address} so far. If that is not yours, do not confirm: your address would be theirs.`,
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
    "email-change": {
      subject: (service) => `Ihre neue Adresse bei ${service}`,
      text: "Bestätigen Sie hier innerhalb eines Tages, dass Ihr Konto ab jetzt diese Adresse haben soll:",
    },
    "email-taken": {
      subject: (service) => `Ihre Adresse bei ${service}`,
      text: "Jemand wollte diese Adresse für ein anderes Konto verwenden. Sie gehört zu Ihrem, und es wurde nichts geändert.",
    },
    "password-changed": {
      subject: (service) => `Ihr Passwort bei ${service} wurde geändert`,
      text: "Das Passwort Ihres Kontos wurde geändert, und Sie wurden überall sonst abgemeldet.",
    },
    "factor-added": {
      subject: (service) => `Eine weitere Anmeldemöglichkeit bei ${service}`,
      text: "Ihr Konto hat einen zweiten Faktor bekommen: eine Authenticator-App oder einen Passkey.",
    },
    "factor-removed": {
      subject: (service) => `Eine Anmeldemöglichkeit weniger bei ${service}`,
      text: "Von Ihrem Konto wurde ein zweiter Faktor entfernt: eine Authenticator-App oder ein Passkey.",
    },
    "recovery-codes-made": {
      subject: (service) => `Neue Wiederherstellungscodes bei ${service}`,
      text: "Für Ihr Konto wurden neue Wiederherstellungscodes erzeugt. Die bisherigen sind ungültig.",
    },
    "email-change-asked": {
      subject: (service) => `Ihre Adresse bei ${service} soll sich ändern`,
      text: "Ihr Konto soll eine andere Adresse bekommen. Sie ändert sich, sobald der Brief an die neue Adresse beantwortet ist.",
    },
    "email-changed": {
      subject: (service) => `Ihre Adresse bei ${service} hat sich geändert`,
      text: "Ihr Konto hat ab jetzt eine andere Adresse und diese nicht mehr. Sie wurden überall abgemeldet.",
    },
  },
  ignore: "Wenn Sie das nicht waren, brauchen Sie nichts zu tun.",
  act: "Wenn Sie das nicht waren, setzen Sie sofort ein neues Passwort und sagen Sie es dem, der den Dienst betreibt.",
  account: (address) =>
    `Es ist das Konto, das bisher die Adresse ${address} hat. Ist das nicht Ihres, bestätigen Sie nicht: Ihre Adresse gehörte dann anderen.`,
};

const NOTICES: ReadonlySet<LetterKind> = new Set<NoticeKind>([
  ...(["password-changed", "factor-added", "factor-removed"] as const),
  ...(["recovery-codes-made", "email-change-asked", "email-changed"] as const),
]);

function writeLetter({ kind, link, locale, account }: Letter, service: string): Pick<Mail, "subject" | "text"> {
  const { letters, ignore, act, account: about } = /^de(?:-|$)/i.test(locale) ? GERMAN : ENGLISH;
  const advice = NOTICES.has(kind) ? act : ignore;
  const { subject, text } = letters[kind];
  const told = account === undefined ? undefined : about(account);
  const parts = [text, link, told, advice].filter((part) => part !== undefined);
  return { subject: subject(service), text: parts.join("\n\n") };
}
