import type { Clock } from "../../kernel/clock.ts";
import type { Mail, Mailer } from "../../kernel/ports/mail.ts";

/** A message that was kept instead of sent. */
export interface KeptMail extends Mail {
  /** Epoch milliseconds. */
  readonly at: number;
}

const MOST = 100;

/** Keeps messages in memory for a page to show, where there is no server that delivers them. For development. */
export class DevelopmentMailbox implements Mailer {
  readonly #clock: Pick<Clock, "now">;
  readonly #kept: KeptMail[] = [];

  constructor(clock: Pick<Clock, "now">) {
    this.#clock = clock;
  }

  send(mail: Mail): Promise<void> {
    this.#kept.unshift({ ...mail, at: this.#clock.now() });
    if (this.#kept.length > MOST) this.#kept.length = MOST;
    return Promise.resolve();
  }

  /** Newest first. */
  get messages(): readonly KeptMail[] {
    return this.#kept;
  }
}
