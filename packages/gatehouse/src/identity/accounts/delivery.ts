import type { Mail, Mailer } from "../../kernel/ports/mail.ts";
import type { Timers } from "../../kernel/timers.ts";

/** What delivers. */
export interface DeliveryParts {
  readonly mailer: Mailer;
  readonly timers: Timers;
  /** Called when a letter could not be handed over after all tries. */
  readonly report: (error: unknown) => void;
}

/** Milliseconds between tries. */
const RETRIES = [5000, 60_000];

/** Hands letters over off the path of whoever writes them, and tries again where that fails. */
export class Delivery {
  readonly #parts: DeliveryParts;

  constructor(parts: DeliveryParts) {
    this.#parts = parts;
  }

  send(mail: Mail): void {
    void this.#try(mail, 0);
  }

  async #try(mail: Mail, tries: number): Promise<void> {
    const { mailer, timers, report } = this.#parts;
    try {
      await mailer.send(mail);
    } catch (error) {
      const wait = RETRIES[tries];
      if (wait === undefined) report(error);
      else timers.after(wait, () => void this.#try(mail, tries + 1), "background");
    }
  }
}
