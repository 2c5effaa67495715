import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";

import { systemClock } from "gatehouse/kernel";

/** One call of a workload and how it ended. */
export interface Call<Result> {
  /** On the monotonic clock. */
  readonly startedAt: number;
  /** Milliseconds until the answer. */
  readonly duration: number;
  readonly number: number;
  readonly result: Result | undefined;
  readonly error: unknown;
}

/** Callers that keep calling, one call after the other, until they are stopped. */
export interface Workload<Result> {
  readonly calls: readonly Call<Result>[];
  /** Calls that ended after `since` on the monotonic clock. */
  since(moment: number): Call<Result>[];
  /** Resolves once every caller has had the answer to its last call. */
  stop(): Promise<void>;
}

const PAUSE = 5;

/** Starts a workload of `callers`; `work` is given a number that is used once. */
export function startWorkload<Result>(callers: number, work: (number: number) => Promise<Result>): Workload<Result> {
  const calls: Call<Result>[] = [];
  let running = true;
  let next = 0;
  const done = Array.from({ length: callers }, async () => {
    while (running) {
      const number = (next += 1);
      const startedAt = systemClock.monotonic();
      const outcome = await work(number).then(
        (result) => ({ result, error: undefined }),
        (error: unknown) => ({ result: undefined, error }),
      );
      calls.push({ startedAt, duration: systemClock.monotonic() - startedAt, number, ...outcome });
      await delay(PAUSE);
    }
  });
  return {
    calls,
    since: (moment) => calls.filter(({ startedAt, duration }) => startedAt + duration > moment),
    async stop() {
      running = false;
      await Promise.all(done);
    },
  };
}

/** Waits until a condition holds. */
export async function until(what: string, holds: () => boolean | Promise<boolean>, patience = 10_000): Promise<void> {
  const deadline = systemClock.monotonic() + patience;
  while (!(await holds())) {
    assert.ok(systemClock.monotonic() < deadline, `${what} did not happen within ${patience} ms`);
    await delay(20);
  }
}

/** The longest duration among calls. */
export function slowest(calls: readonly Call<unknown>[]): number {
  return Math.max(0, ...calls.map(({ duration }) => duration));
}
