import type { LimitRule } from "../ports/counters.ts";
import { Bucket } from "./bucket.ts";
import { CoarseWindow } from "./coarse-window.ts";
import { EXACT_LIMIT, ExactWindow } from "./exact-window.ts";
import type { Tally, TallyState } from "./tally.ts";

/** How a rule is counted. */
export function tallyKind(rule: LimitRule): Tally["kind"] {
  if (rule.kind === "bucket") return "bucket";
  return rule.limit <= EXACT_LIMIT ? "exact" : "coarse";
}

/** An empty tally for a rule. */
export function createTally(rule: LimitRule): Tally {
  switch (tallyKind(rule)) {
    case "exact":
      return new ExactWindow();
    case "coarse":
      return new CoarseWindow();
    case "bucket":
      return new Bucket();
  }
}

/** A tally from its written state; empty when the rule is now counted in another way. */
export function restoreTally(rule: LimitRule, state: TallyState | undefined, now: number): Tally {
  if (state?.kind !== tallyKind(rule)) return createTally(rule);
  return restoreState(state, now);
}

/** A tally from its written state, whatever the rule. */
export function restoreState(state: TallyState, now: number): Tally {
  switch (state.kind) {
    case "exact":
      return ExactWindow.restore(state.times, now);
    case "coarse":
      return CoarseWindow.restore(state.groups, now);
    case "bucket":
      return Bucket.restore(state, now);
  }
}

/** The same state in another clock: every time later by `step` microseconds. */
export function shiftState(state: TallyState, step: number): TallyState {
  switch (state.kind) {
    case "exact":
      return { kind: "exact", times: state.times.map((time) => time + step) };
    case "coarse":
      return {
        kind: "coarse",
        groups: state.groups.map(([first, last, count]) => [first + step, last + step, count] as const),
      };
    case "bucket":
      return { ...state, at: state.at + step };
  }
}

/** Milliseconds after which a tally nobody has used is certainly empty. */
export function horizonOf(rule: LimitRule): number {
  if (rule.kind !== "bucket" || rule.limit === 0) return rule.window;
  return Math.max(rule.window, Math.ceil((rule.burst * rule.window) / rule.limit));
}
