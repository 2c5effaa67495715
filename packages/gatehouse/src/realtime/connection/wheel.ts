import type { Clock } from "../../kernel/clock.ts";
import type { Timers } from "../../kernel/timers.ts";

/** Something that is to happen at a time. */
export interface WheelEntry {
  /** Called once it is due; it may schedule itself again. */
  readonly wake: (now: number) => void;
  /** The wheel's own: where it hangs, and when it is due. */
  slot: Set<WheelEntry> | undefined;
  at: number;
}

const TICK = 100;
const SLOTS = 1_024;

/** Makes an entry that is not scheduled yet. */
export function wheelEntry(wake: (now: number) => void): WheelEntry {
  return { wake, slot: undefined, at: Infinity };
}

/**
 * Times of very many things on one timer, to a tenth of a second: what one costs when nothing happens is a place in a
 * set. Times are milliseconds of the monotonic clock.
 */
export class Wheel implements Disposable {
  readonly #clock: Pick<Clock, "monotonic">;
  readonly #timers: Timers;
  readonly #report: (error: unknown) => void;
  readonly #slots: Set<WheelEntry>[] = Array.from({ length: SLOTS }, () => new Set());
  #timer: Disposable | undefined;
  #size = 0;
  #tick = 0;

  constructor({ clock, timers, report }: WheelParts) {
    this.#clock = clock;
    this.#timers = timers;
    this.#report = report;
  }

  /** How many things are waited for. */
  get size(): number {
    return this.#size;
  }

  /** Has an entry woken at a time instead of at any other; `Infinity`: not at all. */
  schedule(entry: WheelEntry, at: number): void {
    if (entry.slot !== undefined && entry.at === at) return;
    this.cancel(entry);
    if (at === Infinity) return;
    if (this.#timer === undefined) this.#begin();
    const tick = Math.max(this.#tick + 1, Math.ceil(at / TICK));
    const slot = this.#slots[tick % SLOTS];
    if (slot === undefined) return;
    slot.add(entry);
    entry.slot = slot;
    entry.at = at;
    this.#size += 1;
  }

  /** Has an entry not woken. */
  cancel(entry: WheelEntry): void {
    if (entry.slot?.delete(entry) !== true) return;
    entry.slot = undefined;
    this.#size -= 1;
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
  }

  #begin(): void {
    this.#tick = Math.floor(this.#clock.monotonic() / TICK);
    this.#wait();
  }

  #wait(): void {
    this.#timer = this.#timers.after(TICK, () => this.#turn(), "background");
  }

  #turn(): void {
    const now = this.#clock.monotonic();
    const last = Math.floor(now / TICK);
    // After a long sleep each slot is due once, not once for every round that was slept through.
    this.#tick = Math.max(this.#tick, last - SLOTS);
    while (this.#tick < last) {
      this.#tick += 1;
      this.#wake(this.#slots[this.#tick % SLOTS], now);
    }
    if (this.#size === 0) this.#timer = undefined;
    else this.#wait();
  }

  #wake(slot: Set<WheelEntry> | undefined, now: number): void {
    for (const entry of [...(slot ?? [])]) {
      if (entry.slot !== slot || entry.at > now) continue;
      this.cancel(entry);
      try {
        entry.wake(now);
      } catch (error) {
        this.#report(error);
      }
    }
  }
}

/** What a wheel turns by. */
export interface WheelParts {
  readonly clock: Pick<Clock, "monotonic">;
  readonly timers: Timers;
  readonly report: (error: unknown) => void;
}
