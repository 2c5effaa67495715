import assert from "node:assert/strict";
import { describe, it } from "node:test";

import type { LimitCheck, LimitRule } from "../../kernel/ports/counters.ts";
import { createFakeClock } from "../../testing/fake-clock.ts";
import { coreMigrations } from "../migrations/core-migrations.ts";
import { openSqliteStore } from "../sqlite/sqlite-store.ts";
import { createMemoryCounters, type MemoryCounters } from "./memory-counters.ts";
import { loadCounters, saveCounters } from "./memory-counters-persistence.ts";

const minute: LimitRule = { kind: "window", limit: 3, window: 60_000 };
const check = (key: string, rule: LimitRule = minute, policy = "p"): LimitCheck => ({ policy, key, rule, cost: 1 });

function times(counters: MemoryCounters, count: number, asked: LimitCheck): number {
  let admitted = 0;
  for (let index = 0; index < count; index += 1) if (counters.take([asked]).admitted) admitted += 1;
  return admitted;
}

describe("createMemoryCounters", () => {
  it("is not disturbed by a wall clock that is set back or ahead", async () => {
    const clock = createFakeClock();
    const counters = createMemoryCounters({ clock });
    assert.equal(times(counters, 9, check("a")), 3);
    clock.correct(clock.now() + 3_600_000);
    assert.equal(times(counters, 9, check("a")), 0);
    clock.correct(clock.now() - 7_200_000);
    await clock.advance(59_999);
    assert.equal(times(counters, 9, check("a")), 0);
    await clock.advance(1);
    assert.equal(times(counters, 9, check("a")), 3);
  });

  it("forgets keys that no longer count, and only those", async () => {
    const clock = createFakeClock();
    const counters = createMemoryCounters({ clock });
    const day = check("long", { kind: "window", limit: 1, window: 86_400_000 });
    counters.take([day]);
    for (let round = 0; round < 200; round += 1) {
      for (let key = 0; key < 100; key += 1) counters.take([check(`${round}-${key}`)]);
      await clock.advance(10_000);
    }
    // A window of one minute is kept for at most three spans of 2^16 ms: 20 rounds.
    assert.ok(counters.usage().keys <= 2101, String(counters.usage().keys));
    assert.equal(counters.take([day]).admitted, false);
  });

  it("keeps no list of changes of keys that are gone", async () => {
    const clock = createFakeClock();
    const counters = createMemoryCounters({ clock });
    const rule: LimitRule = { kind: "window", limit: 1, window: 600_000 };
    for (let round = 0; round < 20; round += 1) {
      for (let key = 0; key < 50; key += 1) counters.take([check(`${round}-${key}`, rule)]);
      await clock.advance(1_100_000);
    }
    assert.ok(counters.changed().length <= 100);
  });

  it("keeps nothing for attempts that were refused", () => {
    const counters = createMemoryCounters({ clock: createFakeClock() });
    const closed = check("closed", { kind: "window", limit: 0, window: 1000 }, "closed");
    for (let key = 0; key < 100; key += 1) counters.take([closed, check(`k${key}`)]);
    assert.equal(counters.usage().keys, 0);
  });
});

/*
 * An attacker sends from more addresses than a server can remember, to fill its memory or to push out of a bounded
 * table what is counted against others - or against itself.
 */
describe("A flood of keys", () => {
  it("neither grows beyond the bound nor frees anybody who is being counted", () => {
    const counters = createMemoryCounters({ clock: createFakeClock(), maximumKeys: 100 });
    assert.equal(times(counters, 9, check("known")), 3);
    for (let key = 0; key < 10_000; key += 1) counters.take([check(`flood-${key}`)]);
    assert.deepEqual(counters.usage(), { keys: 100, overflowing: true });
    assert.equal(times(counters, 9, check("known")), 0);
  });

  it("shares one limit among the newcomers of a policy, and leaves other policies alone", () => {
    const counters = createMemoryCounters({ clock: createFakeClock(), maximumKeys: 1 });
    counters.take([check("first")]);
    let admitted = 0;
    for (let key = 0; key < 50; key += 1) admitted += times(counters, 1, check(`flood-${key}`));
    assert.equal(admitted, 3);
    assert.equal(times(counters, 9, check("other", minute, "other policy")), 3);
  });

  it("does not hand out a second limit when there is room again", async () => {
    const clock = createFakeClock();
    const counters = createMemoryCounters({ clock, maximumKeys: 1 });
    counters.take([check("first", { kind: "window", limit: 3, window: 1000 })]);
    await clock.advance(59_000);
    assert.equal(times(counters, 9, check("late")), 3);
    await clock.advance(2000);
    counters.take([check("turn", { kind: "window", limit: 3, window: 1000 })]);
    counters.reset(["first", "turn"]);
    assert.equal(times(counters, 9, check("late")), 0);
    await clock.advance(58_000);
    assert.equal(times(counters, 9, check("late")), 3);
  });

  it("ends when what is shared has expired", async () => {
    const clock = createFakeClock();
    const counters = createMemoryCounters({ clock, maximumKeys: 1 });
    counters.take([check("first")]);
    counters.take([check("second")]);
    await clock.advance(300_000);
    counters.take([check("third")]);
    counters.take([check("third")]);
    assert.deepEqual(counters.usage(), { keys: 1, overflowing: false });
  });
});

describe("saveCounters and loadCounters", () => {
  const hour: LimitRule = { kind: "window", limit: 2, window: 3_600_000 };

  async function open() {
    const clock = createFakeClock();
    const store = await openSqliteStore({ memory: true, clock, migrations: coreMigrations });
    return { clock, store, [Symbol.asyncDispose]: () => store[Symbol.asyncDispose]() };
  }

  it("carry every kind of limit over a restart, however long it takes", async () => {
    await using place = await open();
    const { clock, store } = place;
    const rules: readonly LimitRule[] = [
      hour,
      { kind: "window", limit: 5000, window: 3_600_000 },
      { kind: "bucket", limit: 2, window: 3_600_000, burst: 2 },
    ];
    const asked = rules.map((rule, index) => ({ ...check(`k${index}`, rule), cost: rule.limit }));
    const before = createMemoryCounters({ clock });
    for (const one of asked) assert.equal(before.take([one]).admitted, true);
    await saveCounters(store, before, { what: "all" });
    await clock.advance(1_800_000);
    const after = createMemoryCounters({ clock: { now: clock.now, monotonic: () => clock.monotonic() - 1_800_000 } });
    await loadCounters(store, after);
    for (const one of asked) {
      const [state] = after.take([one]).states;
      assert.equal(state?.retryAfter, 1_800_000, one.key);
    }
    await clock.advance(1_800_000);
    for (const one of asked) assert.equal(after.take([one]).admitted, true);
  });

  it("write only lasting windows that have changed, and forget what was reset", async () => {
    await using place = await open();
    const { clock, store } = place;
    const counters = createMemoryCounters({ clock, lastingWindow: 600_000 });
    counters.take([check("short"), check("long", hour, "long")]);
    counters.take([check("gone", hour)]);
    assert.equal(counters.changed().length, 2);
    assert.deepEqual(counters.changed(), []);
    counters.take([check("long", hour)]);
    counters.take([check("gone", hour)]);
    await saveCounters(store, counters);
    counters.reset(["gone"]);
    await saveCounters(store, counters);
    const after = createMemoryCounters({ clock });
    await loadCounters(store, after);
    assert.equal(times(after, 9, check("long", hour)), 0);
    assert.equal(times(after, 9, check("gone", hour)), 2);
    assert.equal(times(after, 9, check("short")), 3);
  });

  it("try again what a failing store has not taken", async () => {
    const clock = createFakeClock();
    const store = await openSqliteStore({ memory: true, clock, migrations: coreMigrations });
    const counters = createMemoryCounters({ clock, lastingWindow: 600_000 });
    counters.take([check("long", hour)]);
    await store[Symbol.asyncDispose]();
    await assert.rejects(saveCounters(store, counters));
    await using place = await open();
    await saveCounters(place.store, counters);
    const after = createMemoryCounters({ clock });
    await loadCounters(place.store, after);
    assert.equal(times(after, 9, check("long", hour)), 1);
  });

  it("do not touch what has been counted since the start", async () => {
    await using place = await open();
    const { clock, store } = place;
    const before = createMemoryCounters({ clock });
    before.take([check("a")]);
    await saveCounters(store, before, { what: "all" });
    const after = createMemoryCounters({ clock });
    assert.equal(times(after, 9, check("a")), 3);
    await loadCounters(store, after);
    assert.equal(times(after, 9, check("a")), 0);
  });
});
