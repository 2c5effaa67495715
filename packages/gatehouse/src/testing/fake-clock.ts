import type { Clock } from "../kernel/clock.ts";
import type { Timers } from "../kernel/timers.ts";

interface FakeTimer {
  readonly at: number;
  readonly order: number;
  readonly task: () => void;
}

/** A clock that stands still until it is moved, and the timers that go with it. */
export interface FakeClock extends Clock, Timers {
  /** Moves time forward by `milliseconds`, running the timers that fall due, in their order, on the way. */
  advance(milliseconds: number): Promise<void>;
  /** Sets the wall clock alone, as a correction of the machine's clock does; timers and durations do not notice. */
  correct(now: number): void;
  /** How many timers are waiting. */
  readonly waiting: number;
}

/** 2026-01-01T00:00:00Z: where fake clocks begin unless told otherwise. */
const DEFAULT_START = 1_767_225_600_000;

/** A fake clock that begins at `start`, in epoch milliseconds. */
export function createFakeClock(start: number = DEFAULT_START): FakeClock {
  let elapsed = 0;
  let wall = start;
  let order = 0;
  const timers = new Set<FakeTimer>();

  function moveTo(target: number): void {
    wall += target - elapsed;
    elapsed = target;
  }

  return {
    now: () => wall,
    monotonic: () => elapsed,
    after(milliseconds, task) {
      order += 1;
      const timer = { at: elapsed + Math.max(milliseconds, 0), order, task };
      timers.add(timer);
      return { [Symbol.dispose]: () => void timers.delete(timer) };
    },
    async advance(milliseconds) {
      const target = elapsed + milliseconds;
      await settled();
      for (;;) {
        const [next] = [...timers].filter(({ at }) => at <= target).sort((a, b) => a.at - b.at || a.order - b.order);
        if (next === undefined) break;
        timers.delete(next);
        moveTo(next.at);
        next.task();
        // What the task has set in motion may ask for the time or set timers of its own.
        await settled();
      }
      moveTo(target);
      await settled();
    },
    correct(now) {
      wall = now;
    },
    get waiting() {
      return timers.size;
    },
  };
}

/** Turns of the event loop that work in flight gets before time goes on: a transaction takes two or three. */
const TURNS = 4;

/** Resolves once the promises and the immediate input and output in flight have had their turn. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < TURNS; turn += 1) await new Promise(setImmediate);
}
