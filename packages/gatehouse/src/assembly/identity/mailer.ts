import { DevelopmentMailbox } from "../../identity/accounts/development-mailbox.ts";
import type { Clock } from "../../kernel/clock.ts";
import type { Config } from "../../kernel/config.ts";
import type { Mailer } from "../../kernel/ports/mail.ts";

/** Who delivers letters, and the box they are kept in instead. */
export interface Mail {
  readonly mailer: Mailer;
  /** Present where letters are kept for a page to show. */
  readonly mailbox: DevelopmentMailbox | undefined;
}

/** The mailer that is configured. Without one letters are kept to be shown in development, and refused in production. */
export async function openMailer(
  { identity, profile }: Config,
  clock: Clock,
  stack: AsyncDisposableStack,
): Promise<Mail> {
  const { url, from, plaintext } = identity.mail;
  if (url !== undefined && from !== undefined) {
    // Imported where it is used: the library that speaks SMTP is optional.
    const { createSmtpMailer } = await import("../../identity/accounts/adapters/smtp-mailer.ts");
    return { mailer: waitedFor(stack.use(createSmtpMailer({ url, from, plaintext })), stack), mailbox: undefined };
  }
  if (profile === "production") return { mailer: NOBODY, mailbox: undefined };
  const mailbox = new DevelopmentMailbox(clock);
  return { mailer: mailbox, mailbox };
}

/** A mailer that closes once it has handed over what it was given: a command may end right after. */
function waitedFor(mailer: Mailer, stack: AsyncDisposableStack): Mailer {
  const underWay = new Set<Promise<void>>();
  stack.defer(async () => void (await Promise.allSettled(underWay)));
  return {
    send(mail) {
      const sending = mailer.send(mail);
      underWay.add(sending);
      return sending.finally(() => underWay.delete(sending));
    },
  };
}

const NOBODY: Mailer = {
  send: ({ subject }) =>
    Promise.reject(new Error(`The letter "${subject}" was not sent: identity.mail.url names no server to deliver it.`)),
};
