import type { ConcurrencyRule, WindowRule } from "../ports/counters.ts";
import { clockStep, type Stamp, type Tally, type TallyState } from "./tally.ts";

/** Sub-windows a window is divided into: under constant pressure 60/61 of the limit is used. */
const SUB_WINDOWS = 60;

interface Group {
  /** Microsecond of its first unit, by which it is known. */
  readonly first: number;
  /** Microsecond of its last unit. The whole group counts until that one has left the window. */
  last: number;
  count: number;
}

/** Microseconds within which units are counted together. */
export function grainOf(window: number): number {
  return Math.ceil((window * 1000) / SUB_WINDOWS);
}

/**
 * A log of sub-windows for large limits. Units within one sub-window are counted as if all had come with the last of
 * them: never more than the limit in any trailing window, in a space that does not depend on the limit.
 */
export class CoarseWindow implements Tally<WindowRule | ConcurrencyRule> {
  readonly kind = "coarse";
  #groups: Group[] = [];
  #total = 0;
  /** The sub-window of `#window`, worked out once. */
  #grain = 0;
  #window = 0;

  /** Rebuilds a tally; groups in the future, after a clock was set back, are moved to `now`. */
  static restore(groups: readonly (readonly [number, number, number])[], now: number): CoarseWindow {
    const window = new CoarseWindow();
    const step = clockStep(groups.at(-1)?.[1] ?? now, now);
    window.#groups = groups.map(([first, last, count]) => ({ first: first - step, last: last - step, count }));
    window.#total = groups.reduce((total, [, , count]) => total + count, 0);
    return window;
  }

  wait(rule: WindowRule | ConcurrencyRule, cost: number, now: number): number {
    const span = rule.window * 1000;
    this.#drop(now - span);
    let missing = this.#total + cost - rule.limit;
    if (missing <= 0) return 0;
    if (cost > rule.limit) return Infinity;
    for (const group of this.#groups) {
      missing -= group.count;
      if (missing <= 0) return group.last + span - now;
    }
    return Infinity;
  }

  take(rule: WindowRule | ConcurrencyRule, cost: number, now: number): number {
    if (rule.window !== this.#window) {
      this.#window = rule.window;
      this.#grain = grainOf(rule.window);
    }
    this.#total += cost;
    const newest = this.#groups[this.#groups.length - 1];
    if (newest !== undefined && now < newest.first + this.#grain) {
      if (now > newest.last) newest.last = now;
      newest.count += cost;
      return newest.first;
    }
    this.#groups.push({ first: now, last: now, count: cost });
    return now;
  }

  giveBack({ cost }: { readonly cost: number }, stamp: Stamp): void {
    const index = this.#groups.findLastIndex((group) => group.first === stamp);
    const group = this.#groups[index];
    if (group === undefined) return;
    const given = Math.min(cost, group.count);
    group.count -= given;
    this.#total -= given;
    if (group.count === 0) this.#groups.splice(index, 1);
  }

  remaining(rule: WindowRule | ConcurrencyRule): number {
    return Math.max(0, rule.limit - this.#total);
  }

  emptyAt(rule: WindowRule | ConcurrencyRule): number {
    const newest = this.#groups[this.#groups.length - 1];
    return newest === undefined ? 0 : newest.last + rule.window * 1000;
  }

  state(): TallyState {
    return { kind: "coarse", groups: this.#groups.map(({ first, last, count }) => [first, last, count] as const) };
  }

  #drop(until: number): void {
    for (let oldest = this.#groups[0]; oldest !== undefined && oldest.last <= until; oldest = this.#groups[0]) {
      this.#groups.shift();
      this.#total -= oldest.count;
    }
  }
}
