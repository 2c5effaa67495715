import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { systemClock } from "../../kernel/clock.ts";
import type { LimitCheck, LimitRule } from "../../kernel/ports/counters.ts";
import { StoreUnavailableError } from "../../kernel/ports/store.ts";
import { createFakeClock } from "../../testing/fake-clock.ts";
import { skipWithout, startOwnValkey, startValkey, type ValkeyService } from "../../testing/services.ts";
import { openValkeyConnection, type ValkeyConnection } from "./valkey-connection.ts";
import { createValkeyCounters } from "./valkey-counters.ts";

const RULES: readonly LimitRule[] = [
  { kind: "window", limit: 2, window: 60_000 },
  { kind: "window", limit: 5000, window: 60_000 },
  { kind: "bucket", limit: 2, window: 60_000, burst: 2 },
  { kind: "concurrency", limit: 2, window: 60_000 },
  { kind: "window", limit: 100, window: 3_600_000 },
];
const checks: readonly LimitCheck[] = RULES.map((rule, index) => ({
  policy: `p${index}`,
  key: `k${index}`,
  rule,
  cost: 1,
}));

async function open(start: () => Promise<ValkeyService> = startValkey) {
  const stack = new AsyncDisposableStack();
  const server = stack.use(await start());
  const connection = stack.use(
    await openValkeyConnection({ url: server.url, clock: systemClock, profile: "development", commandTimeout: 5000 }),
  );
  const prefix = `${server.freshPrefix()}{limits}:`;
  return { connection, prefix, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

async function callsOf(connection: ValkeyConnection, command: string): Promise<number> {
  const text = String(await connection.command("INFO", "commandstats"));
  return Number(new RegExp(`^cmdstat_${command}:calls=(\\d+)`, "m").exec(text)?.[1] ?? 0);
}

describe("createValkeyCounters", { skip: await skipWithout("valkey") }, () => {
  it("takes one round trip a decision, however many policies", async () => {
    // Nobody else may send commands to the server whose commands are counted.
    await using place = await open(startOwnValkey);
    const counters = createValkeyCounters({ ...place, clock: systemClock });
    await counters.take(checks);
    for (const count of [1, 3, 5]) {
      const before = await callsOf(place.connection, "evalsha");
      for (let round = 0; round < 20; round += 1) await counters.take(checks.slice(0, count));
      assert.equal((await callsOf(place.connection, "evalsha")) - before, 20);
    }
    assert.ok((await callsOf(place.connection, "eval")) <= 1);
  });

  it("goes on after the server has forgotten its scripts", async () => {
    await using place = await open();
    const counters = createValkeyCounters({ ...place, clock: systemClock });
    const { reservation } = await counters.take(checks);
    await place.connection.command("SCRIPT", "FLUSH");
    assert.ok(reservation !== undefined);
    await counters.release(reservation);
    assert.equal((await counters.take(checks)).states[0]?.remaining, 1);
  });

  it("leaves no key behind for longer than it counts", async () => {
    await using place = await open();
    const counters = createValkeyCounters({ ...place, clock: systemClock });
    await counters.take(checks);
    for (const { key, rule } of checks) {
      const left = Number(await place.connection.command("PTTL", place.prefix + key));
      const longest = rule.kind === "bucket" ? rule.window / 2 : rule.window;
      assert.ok(left > longest - 5000 && left <= longest + 1000, `${key}: ${left}`);
    }
  });

  it("moves what it has counted along when the clock is set back", async () => {
    await using place = await open();
    const clock = createFakeClock();
    const counters = createValkeyCounters({ ...place, clock, time: "clock" });
    const all = checks.slice(0, 4).map((check) => ({ ...check, cost: check.rule.limit }));
    assert.equal((await counters.take(all)).admitted, true);
    clock.correct(clock.now() - 86_400_000);
    assert.deepEqual(
      (await counters.take(all)).states.map(({ retryAfter }) => retryAfter),
      [60_000, 60_000, 60_000, 60_000],
    );
    await clock.advance(60_000);
    assert.equal((await counters.take(all)).admitted, true);
  });

  it("fails at once, with the right error, when the server is gone", async () => {
    await using server = await startOwnValkey();
    await using connection = await openValkeyConnection({
      url: server.url,
      clock: systemClock,
      profile: "development",
    });
    const counters = createValkeyCounters({ connection, clock: systemClock });
    assert.equal((await counters.take(checks)).admitted, true);
    await server.process.stop();
    await assert.rejects(async () => counters.take(checks), StoreUnavailableError);
  });
});
