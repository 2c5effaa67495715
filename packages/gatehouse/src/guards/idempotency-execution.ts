import type { Clock } from "../kernel/clock.ts";
import type { Attempt } from "../kernel/attempt.ts";
import type { IdempotencyClaim, IdempotencyRecords } from "../kernel/ports/idempotency.ts";
import type { Store } from "../kernel/ports/store.ts";
import { pause, type Timers } from "../kernel/timers.ts";

/** The executions of external actions that run in this process, for duplicates that wait here. */
export interface Executions {
  /** Notes that a claim is executing and keeps its lease alive until the result is disposed. */
  start(claim: IdempotencyClaim): Disposable;
  /** Resolves when the execution under this claim has ended; `undefined` where none runs here. */
  ended(id: string): Promise<void> | undefined;
}

/** What executions need of their surroundings. */
export interface ExecutionParts {
  readonly store: Pick<Store, "write">;
  readonly records: Pick<IdempotencyRecords, "renew">;
  readonly timers: Timers;
}

/** A register of running executions. */
export function createExecutions(parts: ExecutionParts): Executions {
  const running = new Map<string, Promise<void>>();
  return {
    start(claim) {
      const renewal = keepLease(parts, claim);
      const { promise, resolve } = Promise.withResolvers<void>();
      running.set(claim.id, promise);
      return {
        [Symbol.dispose]() {
          renewal[Symbol.dispose]();
          if (running.get(claim.id) === promise) running.delete(claim.id);
          resolve();
        },
      };
    },
    ended: (id) => running.get(id),
  };
}

/** Renews a lease three times as often as it runs out, so that one failed renewal loses nothing. */
function keepLease({ store, records, timers }: ExecutionParts, claim: IdempotencyClaim): Disposable {
  let ended = false;
  let timer = schedule();
  function schedule(): Disposable {
    return timers.after(claim.lease / 3, () => void renew(), "background");
  }
  async function renew(): Promise<void> {
    let ours = true;
    try {
      ours = await store.write((transaction) => records.renew(transaction, claim));
    } catch {
      // The store reports its own outages. A lease that runs out meanwhile shows when the result is stored.
    }
    if (ours && !ended) timer = schedule();
  }
  return {
    [Symbol.dispose]() {
      ended = true;
      timer[Symbol.dispose]();
    },
  };
}

/** What patience needs to know. */
export interface PatienceParts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly executions: Executions;
  /** Milliseconds an attempt waits altogether. */
  readonly wait: number;
}

const FIRST_DELAY = 25;
const LONGEST_DELAY = 1000;

/** How one attempt waits for the execution of another: here by being woken, otherwise by looking again. */
export class Patience {
  readonly #parts: PatienceParts;
  readonly #signal: AbortSignal | undefined;
  /** On the monotonic clock. */
  readonly #until: number;
  #delay = FIRST_DELAY;

  constructor(parts: PatienceParts, { signal, deadline }: Pick<Attempt, "signal" | "deadline">) {
    this.#parts = parts;
    this.#signal = signal;
    const budget = deadline === undefined ? parts.wait : Math.min(parts.wait, deadline - parts.clock.now());
    this.#until = parts.clock.monotonic() + budget;
  }

  /** Waits a while; `false` when the time is up or the caller has gone. `retryAfter` in milliseconds. */
  async wait(id: string, retryAfter: number): Promise<boolean> {
    const { clock, timers, executions } = this.#parts;
    const left = this.#until - clock.monotonic();
    if (left <= 0 || this.#gone()) return false;
    const sooner = executions.ended(id);
    const delay = sooner === undefined ? Math.min(left, this.#delay, Math.max(retryAfter, 1)) : left;
    this.#delay = Math.min(this.#delay * 2, LONGEST_DELAY);
    await pause(timers, delay, { signal: this.#signal, sooner });
    return !this.#gone();
  }

  #gone(): boolean {
    return this.#signal?.aborted === true;
  }
}
