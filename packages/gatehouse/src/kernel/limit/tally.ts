import type { LimitRule } from "../ports/counters.ts";

/** What a bucket has to remember to give units back. */
export interface BucketStamp {
  /** What was in the bucket right after, at microsecond `at`: the units flow off behind all that was there before. */
  readonly level: number;
  readonly at: number;
  /** How much had ever been given back when they were taken. */
  readonly returned: number;
  /** Size of one unit then. */
  readonly unit: number;
}

/** Identifies what one `take` took. */
export type Stamp = number | BucketStamp;

/** The part of a tally that is written down: plain JSON, times in microseconds. */
export type TallyState =
  | { readonly kind: "exact"; readonly times: readonly number[] }
  | { readonly kind: "coarse"; readonly groups: readonly (readonly [first: number, last: number, count: number])[] }
  | {
      readonly kind: "bucket";
      readonly level: number;
      readonly at: number;
      readonly returned: number;
      readonly unit: number;
    };

/**
 * What is counted for one key. All times are integer microseconds of one clock that does not go backwards while the
 * tally is in memory. The rule is handed in each time, because limits may be tightened while units are outstanding.
 */
export interface Tally<Rule extends LimitRule = LimitRule> {
  readonly kind: TallyState["kind"];
  /** Microseconds until `cost` units are free: 0 when they are, `Infinity` when they never will be. */
  wait(rule: Rule, cost: number, now: number): number;
  /** Takes units that `wait` has found free at the same `now`. */
  take(rule: Rule, cost: number, now: number): Stamp;
  /** Gives back units of an earlier `take` that are still counted. */
  giveBack(taken: { readonly rule: Rule; readonly cost: number }, stamp: Stamp, now: number): void;
  /** Units free. */
  remaining(rule: Rule, now: number): number;
  /** Microsecond at which nothing is counted any more: the tally can be forgotten then. */
  emptyAt(rule: Rule): number;
  state(): TallyState;
}

/** A clock that has been set back by less than this is waited for; by more, what was counted moves with it. */
const SMALL_STEP = 1_000_000;

/**
 * How far times taken from a wall clock must be moved so that none lies in the future: 0 for the small differences
 * between concurrent transactions, which are waited out.
 */
export function clockStep(newest: number, now: number): number {
  return newest - now > SMALL_STEP ? newest - now : 0;
}

/** Whether a state lies so far in the future that restoring it moves its times, which then have to be kept. */
export function isFromFuture(state: TallyState, now: number): boolean {
  switch (state.kind) {
    case "exact":
      return clockStep(state.times.at(-1) ?? now, now) > 0;
    case "coarse":
      return clockStep(state.groups.at(-1)?.[1] ?? now, now) > 0;
    case "bucket":
      return clockStep(state.at, now) > 0;
  }
}
