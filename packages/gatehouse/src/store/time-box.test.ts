import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MessageChannel } from "node:worker_threads";
import { setTimeout as delay } from "node:timers/promises";

import { systemClock } from "../kernel/clock.ts";
import type { Counters, Decision, LimitCheck, Reservation } from "../kernel/ports/counters.ts";
import { StoreUnavailableError } from "../kernel/ports/store.ts";
import { describeCountersContract } from "../testing/counters-contract.ts";
import { createFakeClock } from "../testing/fake-clock.ts";
import type { StoreStateChange } from "./breaker.ts";
import { createMemoryCounters } from "./memory/memory-counters.ts";
import { createResilientCounters, withinTime, type FailureMode } from "./time-box.ts";

describeCountersContract("resilient, with a store that answers", (clock) =>
  createResilientCounters({
    primary: createMemoryCounters({ clock }),
    fallback: createMemoryCounters({ clock }),
    clock,
  }),
);

describeCountersContract("resilient, with a store that is away", (clock) =>
  createResilientCounters({
    primary: new FaultyCounters("refusing"),
    fallback: createMemoryCounters({ clock }),
    clock,
  }),
);

/** Counters in memory behind a line that can be cut, made slow, or broken. */
class FaultyCounters implements Counters {
  readonly counters = createMemoryCounters({ clock: systemClock });
  condition: "well" | "away" | "refusing" | "silent" | "slow" | "buggy";
  asked = 0;

  constructor(condition: FaultyCounters["condition"]) {
    this.condition = condition;
  }

  take(checks: readonly LimitCheck[]): Promise<Decision> {
    if (this.condition === "refusing") return Promise.reject(new StoreUnavailableError("valkey", "refuses"));
    return this.#reach(() => this.counters.take(checks));
  }

  release(reservation: Reservation): Promise<void> {
    return this.#reach(() => this.counters.release(reservation));
  }

  renew(reservation: Reservation): Promise<void> {
    return this.#reach(() => this.counters.renew(reservation));
  }

  reset(keys?: readonly string[]): Promise<void> {
    return this.#reach(() => this.counters.reset(keys));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.counters[Symbol.asyncDispose]();
  }

  async #reach<Result>(work: () => Result): Promise<Result> {
    this.asked += 1;
    if (this.condition === "away") throw new StoreUnavailableError("valkey", "gone");
    if (this.condition === "buggy") throw new TypeError("a bug");
    if (this.condition === "silent") return new Promise(() => undefined);
    if (this.condition === "slow") await delay(80);
    return work();
  }
}

function check(limit: number, policy = "test"): LimitCheck {
  return { policy, key: `${policy}:someone`, rule: { kind: "window", limit, window: 60_000 }, cost: 1 };
}

function setUp(mode: FailureMode | ((check: LimitCheck) => FailureMode) = "local") {
  const clock = createFakeClock();
  const primary = new FaultyCounters("well");
  const changes: StoreStateChange[] = [];
  const counters = createResilientCounters({
    primary,
    fallback: createMemoryCounters({ clock }),
    mode,
    timeout: 25,
    clock,
    onStateChange: (change) => void changes.push(change),
  });
  return { clock, primary, counters, changes };
}

async function admittedOf(counters: Counters, times: number, asked: LimitCheck): Promise<number> {
  let admitted = 0;
  for (let count = 0; count < times; count += 1) if ((await counters.take([asked])).admitted) admitted += 1;
  return admitted;
}

describe("createResilientCounters", () => {
  it("holds slots in both places, and again in the shared one when that has come back", async () => {
    const { counters, primary, clock } = setUp();
    const slot: LimitCheck = { ...check(1), rule: { kind: "concurrency", limit: 1, window: 60_000 } };
    const { reservation } = await counters.take([slot]);
    assert.ok(reservation !== undefined);
    await clock.advance(50_000);
    primary.condition = "away";
    await counters.renew(reservation);
    await clock.advance(50_000);
    assert.equal((await counters.take([slot])).admitted, false, "this server goes on counting it");
    primary.condition = "well";
    await clock.advance(1_000);
    primary.counters.reset();
    await counters.renew(reservation);
    assert.equal((await primary.take([slot])).admitted, false, "it is taken again where it was lost");
    await counters.release(reservation);
    assert.equal((await primary.take([slot])).admitted, true);
  });

  it("starts an outage with what this server has already admitted", async () => {
    const { counters, primary } = setUp();
    assert.equal(await admittedOf(counters, 7, check(10)), 7);
    primary.condition = "away";
    assert.equal(await admittedOf(counters, 20, check(10)), 3);
  });

  it("counts again what the shared counters have after an outage, and sends nothing after", async () => {
    const { counters, primary, clock } = setUp();
    assert.equal(await admittedOf(counters, 2, check(10)), 2);
    primary.condition = "away";
    assert.equal(await admittedOf(counters, 5, check(10)), 5);
    primary.condition = "well";
    await clock.advance(1000);
    const { states } = await counters.take([check(10)]);
    assert.equal(states[0]?.remaining, 7);
  });

  it("never admits more than the limit on one server although the store forgets everything in an outage", async () => {
    const { counters, primary, clock } = setUp();
    assert.equal(await admittedOf(counters, 4, check(10)), 4);
    primary.condition = "away";
    assert.equal(await admittedOf(counters, 3, check(10)), 3);
    primary.counters.reset();
    primary.condition = "well";
    await clock.advance(1000);
    assert.equal(await admittedOf(counters, 20, check(10)), 3);
    await clock.advance(60_000);
    assert.equal(await admittedOf(counters, 20, check(10)), 7);
  });

  it("answers within the time box, and at once when the store has been silent several times", async () => {
    const { counters, primary } = setUp();
    primary.condition = "silent";
    const durations: number[] = [];
    for (let count = 0; count < 6; count += 1) {
      const started = systemClock.monotonic();
      assert.equal((await counters.take([check(10)])).admitted, true);
      durations.push(systemClock.monotonic() - started);
    }
    assert.equal(primary.asked, 3);
    for (const duration of durations.slice(0, 3)) assert.ok(duration > 20 && duration < 60, `${duration} ms`);
    for (const duration of durations.slice(3)) assert.ok(duration < 10, `${duration} ms`);
  });

  it("announces an outage and its end once each", async () => {
    const { counters, primary, changes, clock } = setUp();
    primary.condition = "away";
    await admittedOf(counters, 5, check(10));
    await clock.advance(1000);
    await admittedOf(counters, 5, check(10));
    primary.condition = "well";
    await clock.advance(1000);
    await admittedOf(counters, 5, check(10));
    assert.deepEqual(
      changes.map(({ store, available }) => ({ store, available })),
      [
        { store: "counters", available: false },
        { store: "counters", available: true },
      ],
    );
  });

  it("takes back an admission whose answer came too late", async () => {
    const { counters, primary } = setUp();
    primary.condition = "slow";
    assert.equal((await counters.take([check(10)])).admitted, true);
    await delay(200);
    assert.equal(primary.counters.take([check(10)]).states[0]?.remaining, 9);
  });

  it("refuses with StoreUnavailableError in mode deny, admits in mode allow, and mixes modes check by check", async () => {
    const denying = setUp("deny");
    denying.primary.condition = "away";
    await assert.rejects(async () => denying.counters.take([check(10)]), StoreUnavailableError);
    const allowing = setUp("allow");
    allowing.primary.condition = "away";
    assert.equal(await admittedOf(allowing.counters, 20, check(10)), 20);
    const mixed = setUp(({ policy }) => (policy === "strict" ? "local" : policy === "login" ? "deny" : "allow"));
    mixed.primary.condition = "away";
    const both = [check(1, "lax"), check(2, "strict")];
    assert.deepEqual(
      (await mixed.counters.take(both)).states.map(({ remaining }) => remaining),
      [1, 1],
    );
    assert.equal((await mixed.counters.take(both)).admitted, true);
    assert.equal((await mixed.counters.take(both)).admitted, false);
    await assert.rejects(async () => mixed.counters.take([...both, check(5, "login")]), StoreUnavailableError);
  });

  it("gives a reservation back where it was made, in whole or in part", async () => {
    const { counters, primary } = setUp();
    const checks = [check(5, "a"), check(5, "b")];
    const { reservation } = await counters.take(checks);
    assert.ok(reservation !== undefined);
    await counters.release({ checks: [check(5, "a")], mark: reservation.mark });
    const after = primary.counters.take(checks);
    assert.deepEqual(
      after.states.map(({ remaining }) => remaining),
      [4, 3],
    );
    primary.condition = "away";
    const local = await counters.take(checks);
    assert.deepEqual(
      local.states.map(({ remaining }) => remaining),
      [4, 3],
    );
    assert.ok(local.reservation !== undefined);
    await counters.release(local.reservation);
    assert.deepEqual(
      (await counters.take(checks)).states.map(({ remaining }) => remaining),
      [4, 3],
    );
  });

  it("divides limits among the servers that count alone", async () => {
    const clock = createFakeClock();
    const primary = new FaultyCounters("away");
    const counters = createResilientCounters({ primary, fallback: createMemoryCounters({ clock }), clock, servers: 4 });
    assert.equal(await admittedOf(counters, 20, check(10)), 2);
    assert.equal(await admittedOf(counters, 20, check(3, "small")), 1);
  });

  it("does not take a bug for an outage", async () => {
    const { counters, primary, changes } = setUp();
    primary.condition = "buggy";
    for (let count = 0; count < 5; count += 1) await assert.rejects(async () => counters.take([check(10)]), TypeError);
    assert.deepEqual(changes, []);
  });

  it("forgets locally and says so when the shared counters cannot be reset", async () => {
    const { counters, primary } = setUp();
    primary.condition = "away";
    assert.equal(await admittedOf(counters, 3, check(2)), 2);
    await assert.rejects(async () => counters.reset(), StoreUnavailableError);
    assert.equal(await admittedOf(counters, 3, check(2)), 2);
  });
});

describe("withinTime", () => {
  it("takes an answer that arrived in time although the event loop was held up past the end", async () => {
    const answer = new Promise((resolve) => {
      const { port1, port2 } = new MessageChannel();
      port1.once("message", () => {
        port1.close();
        resolve("answer");
      });
      port2.postMessage("ready");
    });
    const boxed = withinTime(answer, 20);
    const end = systemClock.monotonic() + 60;
    while (systemClock.monotonic() < end);
    assert.equal(await boxed, "answer");
  });

  it("passes results and errors on, and hands a late result over", async () => {
    assert.equal(await withinTime(Promise.resolve(1), 20), 1);
    await assert.rejects(withinTime(Promise.reject(new TypeError("x")), 20), TypeError);
    const work = Promise.withResolvers<number>();
    const late = Promise.withResolvers<number>();
    await assert.rejects(
      withinTime(work.promise, 10, (result) => late.resolve(result)),
      StoreUnavailableError,
    );
    work.resolve(2);
    assert.equal(await late.promise, 2);
  });
});
