import { deepEqual, equal, ok } from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { createFakeClock } from "../../testing/fake-clock.ts";
import { Wheel, wheelEntry } from "./wheel.ts";

describe("a wheel", () => {
  it("wakes everything once, in time and by a single timer, as many timers would", async () => {
    const times = fc.array(
      fc.record({ at: fc.nat(400_000), moved: fc.option(fc.nat(400_000)), cancelled: fc.boolean() }),
    );
    await fc.assert(
      fc.asyncProperty(times, async (plan) => {
        const clock = createFakeClock();
        const wheel = new Wheel({ clock, timers: clock, report: () => undefined });
        const woken: (number | undefined)[] = plan.map(() => undefined);
        const entries = plan.map((_, index) =>
          wheelEntry((now) => {
            equal(woken[index], undefined);
            woken[index] = now;
          }),
        );
        for (const [index, { at, moved, cancelled }] of plan.entries()) {
          const entry = entries[index] ?? wheelEntry(() => undefined);
          wheel.schedule(entry, at);
          if (moved !== null) wheel.schedule(entry, moved);
          if (cancelled) wheel.cancel(entry);
        }
        equal(clock.waiting, plan.length === 0 ? 0 : 1);
        for (let step = 0; step < 82 && clock.waiting > 0; step += 1) await clock.advance(5_000);
        for (const [index, { at, moved, cancelled }] of plan.entries()) {
          const due = moved ?? at;
          const now = woken[index];
          if (cancelled) equal(now, undefined);
          else ok(now !== undefined && now >= due && now <= due + 200, `${now} instead of ${due}`);
        }
        deepEqual([wheel.size, clock.waiting], [0, 0]);
      }),
      { numRuns: 15 },
    );
  });

  it("goes on where one of its entries throws, and where it has slept", async () => {
    const clock = createFakeClock();
    const reported: unknown[] = [];
    let sleeping: (() => void) | undefined;
    const timers = {
      ...clock,
      after: (_: number, task: () => void) => ((sleeping = task), { [Symbol.dispose]: () => undefined }),
    };
    const wheel = new Wheel({ clock, timers, report: (error) => void reported.push(error) });
    const woken: string[] = [];
    wheel.schedule(
      wheelEntry(() => {
        throw new Error("one");
      }),
      100,
    );
    wheel.schedule(
      wheelEntry(() => void woken.push("near")),
      200,
    );
    wheel.schedule(
      wheelEntry(() => void woken.push("far")),
      3_000_000,
    );
    await clock.advance(2_000_000);
    sleeping?.();
    deepEqual(woken, ["near"]);
    equal(reported.length, 1);
    await clock.advance(1_000_000);
    sleeping?.();
    deepEqual(woken, ["near", "far"]);
  });
});
