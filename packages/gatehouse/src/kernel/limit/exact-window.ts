import type { ConcurrencyRule, WindowRule } from "../ports/counters.ts";
import { clockStep, type Stamp, type Tally, type TallyState } from "./tally.ts";

/** Windows up to this limit remember every admission; larger ones count in sub-windows. */
export const EXACT_LIMIT = 1024;

/** Fractions, so that the engine keeps plain doubles from the start. */
const EMPTY_RING: readonly number[] = [0.5, 0.5, 0.5, 0.5];

/**
 * An exact log: the time of every unit, oldest first, in a ring that grows with use. Deciding takes constant time,
 * since only the unit that has to leave is looked at; units that have left are dropped once each.
 */
export class ExactWindow implements Tally<WindowRule | ConcurrencyRule> {
  readonly kind = "exact";
  #ring: number[] = EMPTY_RING.slice();
  #head = 0;
  #count = 0;

  /** Rebuilds a tally; times in the future, after a clock was set back, are moved to `now`. */
  static restore(times: readonly number[], now: number): ExactWindow {
    const window = new ExactWindow();
    const step = clockStep(times.at(-1) ?? now, now);
    window.#ring = times.map((time) => time - step);
    window.#count = times.length;
    return window;
  }

  wait(rule: WindowRule | ConcurrencyRule, cost: number, now: number): number {
    const span = rule.window * 1000;
    this.#drop(now - span);
    const missing = this.#count + cost - rule.limit;
    if (missing <= 0) return 0;
    if (cost > rule.limit) return Infinity;
    return this.#time(missing - 1) + span - now;
  }

  take(_rule: WindowRule | ConcurrencyRule, cost: number, now: number): number {
    // A wall clock may lag behind the transaction before it; the log stays ordered.
    const time = this.#count === 0 ? now : Math.max(now, this.#time(this.#count - 1));
    for (let taken = 0; taken < cost; taken += 1) this.#push(time);
    return time;
  }

  giveBack({ cost }: { readonly cost: number }, stamp: Stamp): void {
    let last = this.#count - 1;
    while (last >= 0 && this.#time(last) !== stamp) last -= 1;
    let first = last;
    while (first >= 0 && last - first < cost && this.#time(first) === stamp) first -= 1;
    const given = last - first;
    if (given === 0) return;
    for (let index = last + 1; index < this.#count; index += 1) this.#place(index - given, this.#time(index));
    this.#count -= given;
  }

  remaining(rule: WindowRule | ConcurrencyRule): number {
    return Math.max(0, rule.limit - this.#count);
  }

  emptyAt(rule: WindowRule | ConcurrencyRule): number {
    return this.#count === 0 ? 0 : this.#time(this.#count - 1) + rule.window * 1000;
  }

  state(): TallyState {
    return { kind: "exact", times: Array.from({ length: this.#count }, (_, index) => this.#time(index)) };
  }

  #drop(until: number): void {
    while (this.#count > 0 && this.#time(0) <= until) {
      this.#head += 1;
      if (this.#head === this.#ring.length) this.#head = 0;
      this.#count -= 1;
    }
  }

  #push(time: number): void {
    if (this.#count === this.#ring.length) this.#grow();
    this.#place(this.#count, time);
    this.#count += 1;
  }

  #grow(): void {
    const ring = this.#ring;
    // Copied as a whole, behind itself, oldest first: what is in the second half is not looked at.
    this.#ring =
      ring.length === 0 ? EMPTY_RING.slice() : ring.slice(this.#head).concat(ring.slice(0, this.#head), ring);
    this.#head = 0;
  }

  #time(index: number): number {
    const position = this.#head + index;
    const wrapped = position < this.#ring.length ? position : position - this.#ring.length;
    return this.#ring[wrapped] ?? 0;
  }

  #place(index: number, time: number): void {
    const position = this.#head + index;
    this.#ring[position < this.#ring.length ? position : position - this.#ring.length] = time;
  }
}
