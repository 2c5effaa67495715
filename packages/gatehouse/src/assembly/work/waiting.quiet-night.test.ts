import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ReadTransaction } from "../../kernel/ports/store.ts";
import { createMemoryBus } from "../../store/memory/memory-bus.ts";
import { Availability, type WorkNews } from "../../work/checkout/availability.ts";
import { WorkBell } from "./work-bell.ts";

/** Time passes at once for what is looked at, and not at all for those who wait. */
const TIMERS = {
  after(milliseconds: number, run: () => void): Disposable {
    if (milliseconds > 10_000) return { [Symbol.dispose]: () => undefined };
    const soon = setImmediate(run);
    return { [Symbol.dispose]: () => clearImmediate(soon) };
  },
};
const WISH = { tenant: "acme", types: ["caption.write"], holder: { type: "agent", id: "a" } } as const;

/*
 * Agents wait all night for work that nobody proposes, some of them to no other end. However often they look, no more is
 * kept of them than who waits now, and nothing once they have gone.
 */
describe("agents that wait where there is nothing", () => {
  it("leave nothing behind of the looks they have had", async () => {
    await using bus = createMemoryBus();
    const bell = new WorkBell({ bus, timers: TIMERS, report: (error) => assert.fail(String(error)) });
    let hearing = 0;
    let most = 0;
    const news: WorkNews = {
      hear(tenant, heard) {
        const heardOf = bell.hear(tenant, heard);
        hearing += 1;
        most = Math.max(most, hearing);
        return {
          [Symbol.dispose]: () => {
            hearing -= 1;
            heardOf[Symbol.dispose]();
          },
        };
      },
    };
    let looks = 0;
    const leases = { claimable: async () => (looks += 1) > 1000 };
    const availability = new Availability({ leases, timers: TIMERS, news });
    // Nothing is read of it.
    const read = <Result>(work: (transaction: ReadTransaction) => Promise<Result>) => work({} as ReadTransaction);
    await Promise.all(Array.from({ length: 5 }, () => availability.wait(read, WISH, { milliseconds: 25_000 })));
    assert.ok(looks > 1000);
    assert.deepEqual([hearing, most], [0, 5]);
  });

  it("are not called any more once they have gone", async () => {
    await using bus = createMemoryBus();
    const bell = new WorkBell({ bus, timers: TIMERS, report: (error) => assert.fail(String(error)) });
    await using _listening = await bell.listen();
    const called: string[] = [];
    const gone = bell.hear("acme", () => called.push("gone"));
    const { promise, resolve } = Promise.withResolvers<void>();
    using _there = bell.hear("acme", resolve);
    gone[Symbol.dispose]();
    bell.ring("acme");
    await promise;
    assert.deepEqual(called, []);
  });
});
