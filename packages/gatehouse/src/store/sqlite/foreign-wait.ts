import { TransactionMisuseError } from "../../kernel/ports/store.ts";

/** What happens when a write transaction waits for anything but its own statements. */
export interface ForeignWaitPolicy {
  /** `development` rejects at once; `production` reports and allows `timeout` before it rolls back. */
  readonly profile: "development" | "production";
  /** Milliseconds. */
  readonly timeout: number;
  readonly report: (error: unknown) => void;
}

const RULE =
  "A write transaction may await nothing but the transaction it is given: all writers share it, so network calls, " +
  "timers, files and other stores belong before or after store.write().";

/**
 * Notices a transaction that waits for something foreign. Statements resolve in microtasks, which all run
 * before the event loop turns: a transaction that is still pending when it turns waits for something else.
 */
export class ForeignWaitWatch {
  readonly #policy: ForeignWaitPolicy;
  readonly #interrupt: (error: TransactionMisuseError) => void;
  #turn: NodeJS.Immediate | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(policy: ForeignWaitPolicy, interrupt: (error: TransactionMisuseError) => void) {
    this.#policy = policy;
    this.#interrupt = interrupt;
  }

  /** Watches the transaction that starts now. One turn is watched however many transactions start in it. */
  start(): void {
    if (this.#timer !== undefined) this.#clearTimer();
    this.#turn ??= setImmediate(() => this.#turned());
  }

  /** No transaction is running any more. */
  stop(): void {
    if (this.#turn !== undefined) clearImmediate(this.#turn);
    this.#turn = undefined;
    this.#clearTimer();
  }

  #turned(): void {
    this.#turn = undefined;
    if (this.#policy.profile === "development") {
      this.#interrupt(new TransactionMisuseError(`The transaction was rolled back. ${RULE}`));
      return;
    }
    const { timeout, report } = this.#policy;
    report(new TransactionMisuseError(`A transaction is holding up all writers. ${RULE}`));
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#interrupt(new TransactionMisuseError(`The transaction was rolled back after ${timeout} ms. ${RULE}`));
    }, timeout);
  }

  #clearTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
