import type { Clock } from "../../kernel/clock.ts";
import type { Outcome } from "../../kernel/outcome.ts";
import type { ActorAddress, ActorRecords, ActorTimer } from "../../kernel/ports/actors.ts";
import type { Store } from "../../kernel/ports/store.ts";
import { pause, type Timers } from "../../kernel/timers.ts";

/** A timer and whose it is. */
export type DueTimer = ActorTimer & { readonly address: ActorAddress };

/** What runs the timers of actors. */
export interface TimerLoopParts {
  readonly records: ActorRecords;
  readonly store: Store;
  readonly node: string;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Runs one; the outcome of its attempt, `undefined` where nobody here knows the type. */
  readonly fire: (timer: DueTimer) => Promise<Outcome> | undefined;
  /** A timer of a type that is not known here was put off. */
  readonly unknown: (timer: DueTimer) => void;
  readonly report: (error: unknown) => void;
}

/** Milliseconds between two looks. */
const LOOK = 1000;
const AT_ONCE = 100;
const PUT_OFF = 3_600_000;
/** Milliseconds until one that failed is tried again: it doubles. */
const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 60_000;
const MOST_FAILURES = 10_000;

interface Failure {
  readonly pause: number;
  /** On the monotonic clock. */
  readonly until: number;
}

/** Looks for timers that are due and has each run once, in a turn of its actor. One that fails is tried again. */
export class TimerLoop implements AsyncDisposable {
  readonly #parts: TimerLoopParts;
  readonly #stop = new AbortController();
  readonly #failures = new Map<string, Failure>();
  #running: Promise<void> | undefined;

  constructor(parts: TimerLoopParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { timers, report } = this.#parts;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        await this.#look();
      } catch (error) {
        report(error);
      }
      await pause(timers, LOOK, { signal });
    }
  }

  async #look(): Promise<void> {
    const { records, store, node, clock } = this.#parts;
    for (;;) {
      const due = await store.read((reading) =>
        records.dueTimers(reading, node, clock.now(), AT_ONCE + this.#failures.size),
      );
      const ready = due.filter((timer) => !this.#pauses(timer)).slice(0, AT_ONCE);
      await Promise.all(ready.map((timer) => this.#fire(timer)));
      if (ready.length < AT_ONCE || this.#stop.signal.aborted) return;
    }
  }

  async #fire(timer: DueTimer): Promise<void> {
    const { fire } = this.#parts;
    const text = textOf(timer);
    const attempt = fire(timer);
    if (attempt === undefined) return this.#putOff(timer);
    const outcome = await attempt;
    if (outcome.ok) {
      this.#failures.delete(text);
      return;
    }
    const before = this.#failures.get(text)?.pause ?? FIRST_PAUSE / 2;
    const wait = Math.min(before * 2, LONGEST_PAUSE);
    if (this.#failures.size >= MOST_FAILURES) this.#failures.clear();
    this.#failures.set(text, { pause: wait, until: this.#parts.clock.monotonic() + wait });
  }

  /** Another release of the application may know it: it must neither be lost nor be in the way of others. */
  async #putOff(timer: DueTimer): Promise<void> {
    const { store, records, clock, unknown } = this.#parts;
    const { address, name, payload } = timer;
    await store.write((transaction) =>
      records.setTimer(transaction, address, { name, payload, dueAt: clock.now() + PUT_OFF }),
    );
    unknown(timer);
  }

  #pauses(timer: DueTimer): boolean {
    const failure = this.#failures.get(textOf(timer));
    return failure !== undefined && failure.until > this.#parts.clock.monotonic();
  }
}

function textOf({ address, name, dueAt }: DueTimer): string {
  return JSON.stringify([address.tenant, address.type, address.key, name, dueAt]);
}
