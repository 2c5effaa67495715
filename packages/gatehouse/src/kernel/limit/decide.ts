import type { LimitCheck, LimitState } from "../ports/counters.ts";
import type { Stamp, Tally } from "./tally.ts";

/** The moment of a decision. */
export interface LimitTime {
  /** Integer microseconds of the clock the tallies are kept in. */
  readonly now: number;
  /** Epoch milliseconds, for what callers are told. */
  readonly wall: number;
}

/** What was decided, and what was taken where it was admitted. */
export interface Verdict {
  readonly admitted: boolean;
  readonly states: readonly LimitState[];
  readonly stamps: Stamp[];
}

/**
 * Refuses checks that cannot be decided.
 * @throws {RangeError} for a cost that is not a positive integer.
 * @throws {TypeError} for a key or policy that occurs twice.
 */
export function assertChecks(checks: readonly LimitCheck[]): void {
  for (let index = 0; index < checks.length; index += 1) {
    const check = checks[index];
    if (check === undefined || !Number.isSafeInteger(check.cost) || check.cost < 1) {
      throw new RangeError("The cost of a limit check is a positive integer.");
    }
    for (let other = 0; other < index; other += 1) {
      if (checks[other]?.key === check.key || checks[other]?.policy === check.policy) {
        throw new TypeError(`Policy ${check.policy} or its key is checked twice at once.`);
      }
    }
  }
}

/** Checks all, then takes from all or from none. Tallies stand in the order of the checks. */
export function decide(checks: readonly LimitCheck[], tallies: readonly Tally[], time: LimitTime): Verdict {
  const { now, wall } = time;
  const waits: number[] = [];
  let admitted = true;
  for (let index = 0; index < checks.length; index += 1) {
    const wait = pick(tallies, index).wait(pick(checks, index).rule, pick(checks, index).cost, now);
    if (wait !== 0) admitted = false;
    waits.push(wait);
  }
  const stamps: Stamp[] = [];
  const states: LimitState[] = [];
  for (let index = 0; index < checks.length; index += 1) {
    const check = pick(checks, index);
    const tally = pick(tallies, index);
    if (admitted) stamps.push(tally.take(check.rule, check.cost, now));
    const { rule } = check;
    const retryAfter = waitMilliseconds(pick(waits, index), rule.window);
    const resetAfter = retryAfter > 0 ? retryAfter : Math.max(0, Math.ceil((tally.emptyAt(rule) - now) / 1000));
    states.push({
      policy: check.policy,
      limit: rule.limit,
      window: rule.window,
      remaining: tally.remaining(rule, now),
      resetAt: wall + resetAfter,
      retryAfter,
    });
  }
  return { admitted, states, stamps };
}

/** Whole milliseconds after which the check would pass; a window's length where waiting does not help. */
export function waitMilliseconds(wait: number, window: number): number {
  return Number.isFinite(wait) ? Math.ceil(wait / 1000) : window;
}

function pick<Item>(items: readonly Item[], index: number): Item {
  const item = items[index];
  if (item === undefined) throw new RangeError("Checks and tallies differ in number.");
  return item;
}
