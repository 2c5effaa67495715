import type { LimitCheck, LimitState } from "../ports/counters.ts";
import type { Stamp, Tally } from "./tally.ts";

/** The moment of a decision. */
export interface LimitTime {
  /** Integer microseconds of the clock the tallies are kept in. */
  readonly now: number;
  /** Epoch milliseconds, for what callers are told. */
  readonly wall: number;
}

/** The moment of a decision, and how it went for one check. */
export interface LimitMoment extends LimitTime {
  /** Microseconds until the check passes. */
  readonly wait: number;
}

/** What was decided. */
export interface Verdict {
  readonly states: LimitState[];
  /** What was taken, one a check; `undefined` when it was refused. */
  readonly stamps: Stamp[] | undefined;
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
  const states: LimitState[] = [];
  if (!areFree(checks, tallies, now)) {
    for (let index = 0; index < checks.length; index += 1) {
      const check = pick(checks, index);
      const tally = pick(tallies, index);
      states.push(stateOf(check, tally, { now, wall, wait: tally.wait(check.rule, check.cost, now) }));
    }
    return { states, stamps: undefined };
  }
  const stamps: Stamp[] = [];
  for (let index = 0; index < checks.length; index += 1) {
    const check = pick(checks, index);
    const tally = pick(tallies, index);
    stamps.push(tally.take(check.rule, check.cost, now));
    states.push(stateOf(check, tally, { now, wall, wait: 0 }));
  }
  return { states, stamps };
}

function areFree(checks: readonly LimitCheck[], tallies: readonly Tally[], now: number): boolean {
  for (let index = 0; index < checks.length; index += 1) {
    const { rule, cost } = pick(checks, index);
    // Not `> 0`: a wait that is no number, from a rule that makes no sense, refuses too.
    if (pick(tallies, index).wait(rule, cost, now) !== 0) return false;
  }
  return true;
}

/** What callers are told of a check after its decision. `wait`: microseconds, as its tally answered. */
export function stateOf({ policy, rule }: LimitCheck, tally: Tally, { now, wall, wait }: LimitMoment): LimitState {
  const after = wait === 0 ? Math.max(0, Math.ceil((tally.emptyAt(rule) - now) / 1000)) : 0;
  const retryAfter = wait === 0 ? 0 : waitMilliseconds(wait, rule.window);
  return {
    policy,
    limit: rule.limit,
    window: rule.window,
    remaining: tally.remaining(rule, now),
    resetAt: wall + after + retryAfter,
    retryAfter,
  };
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
