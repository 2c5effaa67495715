import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { systemClock } from "../../kernel/clock.ts";
import type { LimitCheck } from "../../kernel/ports/counters.ts";
import { mostInWindow, pressFromProcesses } from "../../testing/counters-processes.ts";
import { skipWithout, startValkey } from "../../testing/services.ts";
import { openValkeyConnection } from "./valkey-connection.ts";

/*
 * An attacker spreads requests over all servers at the same moment, hoping that each admits the full limit before it
 * hears of the others. One server's clock and one indivisible step a decision leave no such moment.
 */
describe("Valkey counters under several processes", { skip: await skipWithout("valkey") }, () => {
  it("never admit more than the limit in any trailing window, and use nearly all of it", async () => {
    await using server = await startValkey();
    await using connection = await openValkeyConnection({
      url: server.url,
      clock: systemClock,
      profile: "development",
      commandTimeout: 10_000,
    });
    const prefix = `${server.freshPrefix()}{limits}:`;
    const narrow: LimitCheck = { policy: "n", key: "n", cost: 1, rule: { kind: "window", limit: 40, window: 500 } };
    const wide: LimitCheck = { policy: "w", key: "w", cost: 1, rule: { kind: "window", limit: 4000, window: 60_000 } };
    const times = await pressFromProcesses({
      engine: "valkey",
      url: server.url,
      prefix,
      checks: [wide, narrow],
      milliseconds: 3000,
      readTimes: async () => {
        const list = await connection.command("LRANGE", `${prefix}${narrow.key}`, 0, -1);
        return Array.isArray(list) ? list.map(Number) : [];
      },
    });
    const span = ((times.at(-1) ?? 0) - (times[0] ?? 0)) / 1000;
    assert.equal(mostInWindow(times, 500_000), 40);
    const possible = 40 * (1 + Math.floor(span / 500));
    assert.ok(times.length >= 0.5 * possible, `${times.length} of ${possible} possible in ${span} ms`);
  });
});
