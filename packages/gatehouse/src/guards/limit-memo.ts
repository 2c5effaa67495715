import type { Clock } from "../kernel/clock.ts";
import type { LimitCheck, LimitRule, LimitState } from "../kernel/ports/counters.ts";

interface Refusal {
  readonly rule: LimitRule;
  readonly state: LimitState;
  /** On the monotonic clock, in milliseconds: when the limit would admit again. */
  readonly freeAt: number;
  /** When the refusal is no longer believed without asking. */
  readonly until: number;
}

const MOST = 10_000;
/** Milliseconds a refusal is believed at most, so that a limit an operator resets is soon felt everywhere. */
const LONGEST = 5000;

/**
 * Refusals of counters elsewhere, remembered until the limit admits again: who keeps knocking is answered here, and
 * costs the shared store nothing. Only for limits that nothing but time frees.
 */
export class RefusalMemo {
  readonly #clock: Clock;
  readonly #refusals = new Map<string, Refusal>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The state of the first check known to be refused, as of now. */
  find(checks: readonly LimitCheck[]): LimitState | undefined {
    if (this.#refusals.size === 0) return undefined;
    const now = this.#clock.monotonic();
    for (const { key, rule } of checks) {
      const refusal = this.#refusals.get(key);
      if (refusal === undefined) continue;
      if (refusal.until <= now) this.#refusals.delete(key);
      // Another rule, such as that of a caller who has signed in, may admit.
      else if (refusal.rule === rule) return { ...refusal.state, retryAfter: Math.ceil(refusal.freeAt - now) };
    }
    return undefined;
  }

  /** Remembers the refusals of a decision, except for policies whose units are given back. */
  note(checks: readonly LimitCheck[], states: readonly LimitState[], returning: ReadonlySet<string>): void {
    const now = this.#clock.monotonic();
    for (const [index, state] of states.entries()) {
      const check = checks[index];
      if (check === undefined || state.retryAfter === 0 || returning.has(check.policy)) continue;
      if (this.#refusals.size >= MOST) this.#dropOldest();
      const freeAt = now + state.retryAfter;
      const until = Math.min(freeAt, now + LONGEST);
      this.#refusals.set(check.key, { rule: check.rule, state, freeAt, until });
    }
  }

  #dropOldest(): void {
    for (const key of this.#refusals.keys()) {
      this.#refusals.delete(key);
      return;
    }
  }
}
