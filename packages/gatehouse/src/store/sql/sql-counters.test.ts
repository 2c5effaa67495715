import assert from "node:assert/strict";
import { describe, it } from "node:test";

import type { LimitCheck, LimitRule } from "../../kernel/ports/counters.ts";
import { createFakeClock } from "../../testing/fake-clock.ts";
import { coreMigrations } from "../migrations/core-migrations.ts";
import { openSqliteStore } from "../sqlite/sqlite-store.ts";
import { createSqlCounters } from "./sql-counters.ts";
import { portableStatement } from "./statement.ts";

const RULES: readonly LimitRule[] = [
  { kind: "window", limit: 2, window: 60_000 },
  { kind: "window", limit: 5000, window: 60_000 },
  { kind: "bucket", limit: 2, window: 60_000, burst: 2 },
  { kind: "concurrency", limit: 2, window: 60_000 },
];
const all: readonly LimitCheck[] = RULES.map((rule, index) => {
  return { policy: `p${index}`, key: `k${index}`, rule, cost: rule.limit };
});
const COUNT = portableStatement("SELECT count(*) AS rows FROM limit_counters");
const DAMAGE = portableStatement("UPDATE limit_counters SET state = $1 WHERE key LIKE '%k0'");

async function open() {
  const clock = createFakeClock();
  const store = await openSqliteStore({ memory: true, clock, migrations: coreMigrations });
  const counters = createSqlCounters({ store, clock });
  const rows = async (): Promise<number | undefined> => {
    const [row] = await store.read((transaction) => transaction.execute<{ readonly rows: number }>(COUNT, []));
    return row?.rows;
  };
  return { clock, store, counters, rows, [Symbol.asyncDispose]: () => store[Symbol.asyncDispose]() };
}

describe("createSqlCounters", () => {
  it("moves what it has counted along when the clock is set back", async () => {
    await using place = await open();
    const { clock, counters } = place;
    assert.equal((await counters.take(all)).admitted, true);
    clock.correct(clock.now() - 86_400_000);
    const waits = (await counters.take(all)).states.map(({ retryAfter }) => retryAfter);
    assert.deepEqual(waits, [60_000, 60_000, 60_000, 60_000]);
    await clock.advance(60_000);
    assert.equal((await counters.take(all)).admitted, true);
  });

  it("lasts as long as the store", async () => {
    await using place = await open();
    await place.counters.take(all);
    const others = createSqlCounters({ store: place.store, clock: place.clock });
    assert.equal((await others.take(all)).admitted, false);
  });

  it("sweeps rows that have counted for nothing for an hour", async () => {
    await using place = await open();
    const { clock, counters, rows } = place;
    const first: LimitRule = { kind: "window", limit: 2, window: 60_000 };
    for (let key = 0; key < 300; key += 1)
      await counters.take([{ policy: "p", rule: first, cost: 1, key: `swept-${key}` }]);
    assert.equal(await rows(), 300);
    await clock.advance(2 * 3_600_000);
    await counters.take(all);
    await counters[Symbol.asyncDispose]();
    assert.equal(await rows(), all.length);
  });

  it("does not let a call that cannot be decided spoil others of the same moment", async () => {
    await using place = await open();
    const { store, counters } = place;
    await counters.take(all);
    const [first, second] = all;
    assert.ok(first !== undefined && second !== undefined);
    const absurd: LimitRule = { kind: "bucket", limit: 999_999_999_989, window: 86_399_999, burst: 999_999_999_989 };
    const answers = await Promise.allSettled([
      counters.take([{ policy: "absurd", key: "absurd", rule: absurd, cost: 1 }]),
      counters.take([second]),
    ]);
    assert.deepEqual(
      answers.map(({ status }) => status),
      ["rejected", "fulfilled"],
    );
    await store.write((transaction) => transaction.execute(DAMAGE, [new Uint8Array([123, 125])]));
    await assert.rejects(async () => counters.take([first]), TypeError);
  });
});
