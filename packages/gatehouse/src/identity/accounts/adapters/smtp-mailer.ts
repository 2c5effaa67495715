import { createTransport } from "nodemailer";
import type { Mailer } from "../../../kernel/ports/mail.ts";

/** Which server delivers. */
export interface SmtpOptions {
  /** `smtps://user:password@mail.example.org` or `smtp://` with STARTTLS. */
  readonly url: string;
  /** The sender: `Gatehouse <no-reply@example.org>`. */
  readonly from: string;
  /** Whether a connection may stay unencrypted, as to a server on the same machine. Default false. */
  readonly plaintext?: boolean;
  /** Milliseconds a server may take for each answer. Default 20000. */
  readonly timeout?: number;
}

/** Sends messages over SMTP, over a few connections that stay open. */
export function createSmtpMailer({ url, from, plaintext = false, timeout = 20_000 }: SmtpOptions): Mailer & Disposable {
  const transport = createTransport({
    ...{ url, pool: true, maxConnections: 2, requireTLS: !plaintext, ignoreTLS: plaintext },
    ...{ connectionTimeout: timeout, greetingTimeout: timeout, socketTimeout: timeout },
    ...{ disableFileAccess: true, disableUrlAccess: true },
  });
  return {
    async send({ to, subject, text }) {
      // As an object it is one address, whatever characters it has.
      await transport.sendMail({ from, to: { name: "", address: to }, subject, text });
    },
    [Symbol.dispose]: () => transport.close(),
  };
}
