import type { Clock } from "../kernel/clock.ts";
import type { Counters, Decision, LimitCheck, LimitRule, Reservation } from "../kernel/ports/counters.ts";
import { StoreUnavailableError } from "../kernel/ports/store.ts";
import { createBreaker, type Breaker, type StoreStateChange } from "./breaker.ts";

/**
 * What counts while the shared counters do not answer: `local` the counters of this process, as strict as the shared
 * ones; `deny` nothing passes; `allow` everything passes.
 */
export type FailureMode = "local" | "deny" | "allow";

/** How counters are kept working without their store. */
export interface ResilientCountersOptions {
  /** Shared by all servers; may be away. */
  readonly primary: Counters;
  /** In this process; never away. Disposed together with `primary`. */
  readonly fallback: Counters;
  /** For all checks, or check by check. Default `local`. */
  readonly mode?: FailureMode | ((check: LimitCheck) => FailureMode);
  /** Milliseconds an answer may take. Default 50. */
  readonly timeout?: number;
  readonly clock: Clock;
  /** Among how many servers a limit is divided while each counts alone. Default 1: each admits the whole limit. */
  readonly servers?: number;
  /** Failures in a row after which the store is spared. Default 3. */
  readonly threshold?: number;
  /** Milliseconds until a spared store is probed. Default 1000. */
  readonly pause?: number;
  readonly onStateChange?: (change: StoreStateChange) => void;
}

const STORE = "counters";
const DEFAULT_TIMEOUT = 50;

/**
 * Resolves as `work` does, or rejects after `milliseconds`. The work itself goes on; its late answer is handed to
 * `late`.
 * @throws {StoreUnavailableError} when time is up.
 */
export function withinTime<Result>(
  work: Promise<Result>,
  milliseconds: number,
  late: (result: Result) => void = () => undefined,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    let waiting = true;
    const giveUp = (): void => {
      waiting = false;
      reject(new StoreUnavailableError(STORE, `No answer within ${milliseconds} ms.`));
    };
    // After an event loop that was held up, timers come before the answers that have arrived meanwhile: read those first.
    let lastCall: NodeJS.Immediate | undefined;
    const timer = setTimeout(() => {
      lastCall = setImmediate(giveUp);
    }, milliseconds);
    const settle = (): void => {
      clearTimeout(timer);
      if (lastCall !== undefined) clearImmediate(lastCall);
    };
    work.then(
      (result) => {
        settle();
        if (waiting) resolve(result);
        else late(result);
      },
      (error: unknown) => {
        settle();
        // After the time is up nobody waits for this any more, and rejecting again does nothing.
        reject(error);
      },
    );
  });
}

/**
 * Counters that decide in time whatever their store does. While it answers, each admission is counted in this process
 * as well, so that an outage begins with what this server has already seen rather than with empty windows. For a window
 * after an outage, in which the store may have forgotten everything, both must admit: one server alone never exceeds a
 * limit, whatever happens to the store. Nothing counted during an outage is sent to the store afterwards.
 * Takes throw a `StoreUnavailableError` only in mode `deny`.
 */
export function createResilientCounters(options: ResilientCountersOptions): Counters {
  return new ResilientCounters(options);
}

/** Where a reservation was made, and its counterpart in this process. */
class Mark {
  readonly made: { readonly counters: Counters; readonly reservation: Reservation } | undefined;
  readonly shadow: Reservation | undefined;

  constructor(made: Mark["made"], shadow?: Reservation) {
    this.made = made;
    this.shadow = shadow;
  }
}

class ResilientCounters implements Counters {
  readonly #primary: Counters;
  readonly #fallback: Counters;
  readonly #modeOf: (check: LimitCheck) => FailureMode;
  readonly #timeout: number;
  readonly #servers: number;
  readonly #clock: Clock;
  readonly #breaker: Breaker;
  /** On the monotonic clock. */
  #failedAt = -Infinity;

  constructor(options: ResilientCountersOptions) {
    const { mode = "local", onStateChange } = options;
    this.#primary = options.primary;
    this.#fallback = options.fallback;
    this.#modeOf = typeof mode === "function" ? mode : () => mode;
    this.#timeout = options.timeout ?? DEFAULT_TIMEOUT;
    this.#servers = options.servers ?? 1;
    this.#clock = options.clock;
    this.#breaker = createBreaker({
      clock: options.clock,
      threshold: options.threshold ?? 3,
      pause: options.pause ?? 1000,
      onChange(state) {
        const available = state === "closed";
        const detail = available
          ? "The shared counters answer again and decide."
          : "The shared counters do not answer; the configured failure mode decides.";
        onStateChange?.({ store: STORE, available, detail });
      },
    });
  }

  async take(checks: readonly LimitCheck[]): Promise<Decision> {
    if (!this.#breaker.enter()) return this.#decideAlone(checks);
    let decision: Decision;
    try {
      decision = await this.#ask(this.#primary.take(checks), (late) => this.#giveBack(late));
    } catch (error) {
      if (!this.#failed(error)) throw error;
      return this.#decideAlone(checks);
    }
    this.#breaker.succeeded();
    const { reservation } = decision;
    if (reservation === undefined) return decision;
    const shadow = await this.#countLocally(checks);
    if (shadow?.admitted === false && this.#failedWithin(checks)) {
      this.#giveBack(decision);
      return this.#decideAlone(checks);
    }
    const made = { counters: this.#primary, reservation };
    return { ...decision, reservation: { checks: reservation.checks, mark: new Mark(made, shadow?.reservation) } };
  }

  async release(reservation: Reservation): Promise<void> {
    const { checks, mark } = reservation;
    if (!(mark instanceof Mark)) throw new TypeError("The reservation was made by other counters.");
    if (mark.shadow !== undefined) await this.#fallback.release({ ...mark.shadow, checks });
    if (mark.made === undefined) return;
    const inner = { checks, mark: mark.made.reservation.mark };
    if (mark.made.counters === this.#fallback) return this.#fallback.release(inner);
    // What cannot be given back now frees itself with its window.
    await this.#reach(() => this.#primary.release(inner));
  }

  async renew(reservation: Reservation): Promise<void> {
    const { checks, mark } = reservation;
    if (!(mark instanceof Mark)) throw new TypeError("The reservation was made by other counters.");
    if (mark.shadow !== undefined) await this.#fallback.renew({ ...mark.shadow, checks });
    if (mark.made === undefined) return;
    const { counters } = mark.made;
    const inner = { checks, mark: mark.made.reservation.mark };
    if (counters === this.#fallback) return counters.renew(inner);
    // What frees itself meanwhile is taken again with the next renewal.
    await this.#reach(() => counters.renew(inner));
  }

  /** @throws {StoreUnavailableError} when the store does not answer: then only this server has forgotten. */
  async reset(keys?: readonly string[]): Promise<void> {
    await this.#fallback.reset(keys);
    await this.#primary.reset(keys);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#primary[Symbol.asyncDispose](), this.#fallback[Symbol.asyncDispose]()]);
  }

  /** Asks the store for what may as well be left undone while it is away. */
  async #reach(work: () => void | Promise<void>): Promise<void> {
    if (!this.#breaker.enter()) return;
    try {
      await this.#ask(work());
      this.#breaker.succeeded();
    } catch (error) {
      if (!this.#failed(error)) throw error;
    }
  }

  #ask<Answer>(answer: Answer | Promise<Answer>, late?: (answer: Answer) => void): Answer | Promise<Answer> {
    return answer instanceof Promise ? withinTime(answer, this.#timeout, late) : answer;
  }

  /** Whether an error means that the store is away; any other is a bug for the caller to see. */
  #failed(error: unknown): boolean {
    if (error instanceof StoreUnavailableError) {
      this.#breaker.failed();
      this.#failedAt = this.#clock.monotonic();
      return true;
    }
    this.#breaker.succeeded();
    return false;
  }

  /** Undoes an admission that was answered too late to be used: the fallback has decided meanwhile. */
  #giveBack(late: Decision): void {
    if (late.reservation === undefined) return;
    void Promise.resolve(this.#primary.release(late.reservation)).catch(() => undefined);
  }

  async #countLocally(checks: readonly LimitCheck[]): Promise<Decision | undefined> {
    const counted = checks.filter((check) => this.#modeOf(check) === "local");
    return counted.length === 0 ? undefined : this.#fallback.take(counted);
  }

  /** Whether a failure is so recent that something may be missing in the store's windows. */
  #failedWithin(checks: readonly LimitCheck[]): boolean {
    const since = this.#clock.monotonic() - this.#failedAt;
    return checks.some(({ rule }) => since < rule.window);
  }

  async #decideAlone(checks: readonly LimitCheck[]): Promise<Decision> {
    const modes = checks.map(this.#modeOf);
    if (modes.includes("deny")) {
      throw new StoreUnavailableError(
        STORE,
        "The shared counters do not answer, and this limit is not judged without them.",
      );
    }
    const counted = checks.filter((_, index) => modes[index] === "local");
    const local = counted.length === 0 ? undefined : await this.#fallback.take(this.#shares(counted));
    const states = [...(local?.states ?? [])];
    const all = checks.map(
      (check, index) => (modes[index] === "local" ? states.shift() : undefined) ?? this.#untouched(check),
    );
    if (local?.admitted === false) return { admitted: false, states: all };
    const { reservation } = local ?? {};
    const made = reservation === undefined ? undefined : { counters: this.#fallback, reservation };
    return { admitted: true, states: all, reservation: { checks, mark: new Mark(made) } };
  }

  #shares(checks: readonly LimitCheck[]): readonly LimitCheck[] {
    return this.#servers === 1 ? checks : checks.map((check) => ({ ...check, rule: shareOf(check, this.#servers) }));
  }

  #untouched({ policy, rule }: LimitCheck): Decision["states"][number] {
    const { limit, window } = rule;
    return { policy, limit, window, remaining: limit, resetAt: this.#clock.now(), retryAfter: 0 };
  }
}

/** One server's part of a rule, never less than the check at hand costs: what was possible stays possible. */
function shareOf({ rule, cost }: LimitCheck, servers: number): LimitRule {
  const part = (amount: number): number => Math.max(cost, 1, Math.floor(amount / servers));
  const limit = part(rule.limit);
  return rule.kind === "bucket" ? { ...rule, limit, burst: part(rule.burst) } : { ...rule, limit };
}
