import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import fc from "fast-check";

import type { Clock } from "../kernel/clock.ts";
import type { Counters, LimitCheck } from "../kernel/ports/counters.ts";
import { describeRenewals } from "./counters-contract-renewals.ts";
import { History, historyStep } from "./counters-history.ts";
import { everyKind, reservationOf, Trial } from "./counters-trial.ts";

/** How the suite is run. */
export interface CountersContractOptions {
  /** Random histories to try. Default 300. */
  readonly histories?: number;
  /** Reason not to run, as node:test has it. */
  readonly skip?: string | false;
}

/**
 * What every implementation of `Counters` must do, as a suite of node:test. `open` makes counters that take their
 * time, wall clock or monotonic, from the given clock; they are disposed by the suite.
 */
export function describeCountersContract(
  name: string,
  open: (clock: Clock) => Counters | Promise<Counters>,
  options: CountersContractOptions = {},
): void {
  describe(`Counters: ${name}`, { skip: options.skip ?? false }, () => {
    const trial = new Trial();
    before(async () => void (trial.counters = await open(trial.clock)));
    after(() => trial.counters[Symbol.asyncDispose]());
    describeWindows(trial);
    describeBuckets(trial);
    describeSeveral(trial);
    describeReleases(trial);
    describeRenewals(trial);
    describeKeys(trial);
    it("answers like the definition of its limits in every random history", async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(historyStep, { minLength: 1, maxLength: 60, size: "max" }), async (steps) => {
          await new History(trial.counters, trial.clock, trial.freshName()).run(steps);
        }),
        { numRuns: options.histories ?? 300 },
      );
    });
  });
}

function describeWindows(trial: Trial): void {
  it("admits the limit within a window and says when the next unit is free", async () => {
    const asked = trial.check({ kind: "window", limit: 3, window: 1000 });
    assert.equal((await trial.one(asked)).remaining, 2);
    await trial.clock.advance(400);
    assert.equal(await trial.times(2, asked), 2);
    const { remaining, retryAfter, resetAt, limit, window, policy } = await trial.one(asked);
    assert.deepEqual(
      { remaining, retryAfter, limit, window, policy },
      {
        remaining: 0,
        retryAfter: 600,
        limit: 3,
        window: 1000,
        policy: asked.policy,
      },
    );
    assert.equal(resetAt, trial.clock.now() + 600);
    await trial.clock.advance(599);
    assert.equal((await trial.take(asked)).admitted, false);
    await trial.clock.advance(1);
    assert.equal((await trial.take(asked)).admitted, true);
  });

  it("tells an admitted caller when the limit is whole again", async () => {
    const asked = trial.check({ kind: "window", limit: 3, window: 1000 });
    await trial.take(asked);
    await trial.clock.advance(250);
    const state = await trial.one(asked);
    assert.equal(state.resetAt, trial.clock.now() + 1000);
    assert.equal(state.retryAfter, 0);
  });

  it("does not let a burst pass twice at the boundary of a window", async () => {
    const asked = trial.check({ kind: "window", limit: 10, window: 1000 });
    await trial.clock.advance(990);
    assert.equal(await trial.times(20, asked), 10);
    await trial.clock.advance(20);
    assert.equal(await trial.times(20, asked), 0);
  });

  it("admits a whole large limit at once, and again exactly one window later", async () => {
    const asked = trial.check({ kind: "window", limit: 5000, window: 60_000 }, 1250);
    assert.equal(await trial.times(5, asked), 4);
    assert.equal((await trial.one(asked)).retryAfter, 60_000);
    await trial.clock.advance(59_999);
    assert.equal(await trial.times(1, asked), 0);
    await trial.clock.advance(1);
    assert.equal(await trial.times(5, asked), 4);
  });

  it("counts a sub-window of a large limit until its last unit has left the window", async () => {
    const asked = trial.check({ kind: "window", limit: 1025, window: 60_000 });
    assert.equal((await trial.take({ ...asked, cost: 1000 })).admitted, true);
    await trial.clock.advance(900);
    assert.equal((await trial.take({ ...asked, cost: 25 })).admitted, true);
    await trial.clock.advance(59_999);
    assert.equal((await trial.take({ ...asked, cost: 1001 })).admitted, false);
    await trial.clock.advance(1);
    assert.equal((await trial.take({ ...asked, cost: 1025 })).admitted, true);
  });

  it("uses nearly all of a large limit under constant pressure", async () => {
    const asked = trial.check({ kind: "window", limit: 1200, window: 6000 }, 10);
    let admitted = 0;
    for (let step = 0; step < 300; step += 1) {
      admitted += await trial.times(1, asked);
      await trial.clock.advance(40);
    }
    assert.ok(admitted * 10 >= 0.95 * 1200 * 2, `${admitted * 10} of 2400`);
  });

  it("does not let refused attempts prolong the refusal", async () => {
    const asked = trial.check({ kind: "window", limit: 1, window: 1000 });
    await trial.take(asked);
    for (let step = 0; step < 9; step += 1) {
      await trial.clock.advance(100);
      assert.equal((await trial.take(asked)).admitted, false);
    }
    await trial.clock.advance(100);
    assert.equal((await trial.take(asked)).admitted, true);
  });
}

function describeBuckets(trial: Trial): void {
  it("refills a bucket evenly and says exactly when", async () => {
    const asked = trial.check({ kind: "bucket", limit: 7, window: 1000, burst: 3 });
    assert.equal(await trial.times(5, asked), 3);
    assert.equal((await trial.one(asked)).retryAfter, 143);
    await trial.clock.advance(142);
    assert.equal(await trial.times(1, asked), 0);
    await trial.clock.advance(1);
    assert.equal(await trial.times(2, asked), 1);
    await trial.clock.advance(1000);
    assert.equal(await trial.times(9, asked), 3);
  });

  it("shapes bytes without losing fractions of a unit", async () => {
    const rule = { kind: "bucket", limit: 10_000_000, window: 1000, burst: 1_000_000 } as const;
    const asked = trial.check(rule, 1000);
    assert.equal(await trial.times(1001, asked), 1000);
    const state = await trial.one({ ...asked, cost: 333_333 });
    assert.equal(state.retryAfter, 34);
    await trial.clock.advance(33);
    assert.equal((await trial.take({ ...asked, cost: 333_333 })).admitted, false);
    await trial.clock.advance(1);
    assert.equal((await trial.take({ ...asked, cost: 333_333 })).admitted, true);
  });
}

function describeSeveral(trial: Trial): void {
  it("refuses what can never fit, and says so with a whole window", async () => {
    for (const kind of ["window", "concurrency"] as const) {
      assert.equal((await trial.one(trial.check({ kind, limit: 2, window: 700 }, 3))).retryAfter, 700);
      assert.equal((await trial.one(trial.check({ kind, limit: 0, window: 700 }))).retryAfter, 700);
    }
    const bucket = { kind: "bucket", limit: 1, window: 700, burst: 2 } as const;
    assert.equal((await trial.one(trial.check(bucket, 3))).retryAfter, 700);
    assert.equal((await trial.one(trial.check({ ...bucket, limit: 0 }))).retryAfter, 700);
  });

  it("consumes from none when one of several refuses", async () => {
    const wide = trial.check({ kind: "window", limit: 2, window: 1000 });
    const narrow = trial.check({ kind: "window", limit: 1, window: 1000 });
    assert.equal((await trial.take(wide, narrow)).admitted, true);
    const refused = await trial.take(wide, narrow);
    assert.equal(refused.admitted, false);
    assert.equal(refused.reservation, undefined);
    assert.deepEqual(
      refused.states.map(({ policy, remaining, retryAfter }) => ({ policy, remaining, retryAfter })),
      [
        { policy: wide.policy, remaining: 1, retryAfter: 0 },
        { policy: narrow.policy, remaining: 0, retryAfter: 1000 },
      ],
    );
    assert.equal((await trial.take(wide)).admitted, true);
  });

  it("decides calls made at once one after the other", async () => {
    const asked = trial.check({ kind: "window", limit: 25, window: 1000 });
    const decisions = await Promise.all(Array.from({ length: 60 }, () => trial.take(asked)));
    assert.equal(decisions.filter(({ admitted }) => admitted).length, 25);
  });

  it("refuses costs and pairs of checks that make no sense", async () => {
    const asked = trial.check({ kind: "window", limit: 5, window: 1000 });
    for (const cost of [0, -1, 0.5, Number.NaN, Infinity]) {
      await assert.rejects(async () => trial.counters.take([{ ...asked, cost }]), RangeError);
    }
    await assert.rejects(async () => trial.counters.take([asked, { ...asked, policy: "other" }]), TypeError);
    await assert.rejects(async () => trial.counters.take([asked, { ...asked, key: "other" }]), TypeError);
    await assert.rejects(async () => trial.counters.release({ checks: [asked], mark: {} }), TypeError);
  });
}

function describeReleases(trial: Trial): void {
  it("gives slots back, and frees forgotten ones after their time", async () => {
    const asked = trial.check({ kind: "concurrency", limit: 2, window: 5000 });
    const held = reservationOf(await trial.take(asked));
    await trial.clock.advance(1000);
    await trial.take(asked);
    assert.equal((await trial.one(asked)).retryAfter, 4000);
    await trial.counters.release(held);
    assert.equal((await trial.take(asked)).admitted, true);
    assert.equal((await trial.take(asked)).admitted, false);
    await trial.clock.advance(5000);
    assert.equal(await trial.times(3, asked), 2);
  });

  it("gives back once, however often it is asked to", async () => {
    for (const rule of everyKind(4)) {
      const asked = trial.check(rule);
      const held = reservationOf(await trial.take(asked));
      await trial.take(asked);
      await Promise.all([trial.counters.release(held), trial.counters.release(held)]);
      await trial.counters.release(held);
      assert.equal((await trial.one(asked)).remaining, 2, rule.kind);
    }
  });

  it("gives nothing back that has left the window by itself", async () => {
    for (const rule of everyKind(2)) {
      const asked = trial.check(rule);
      const held = reservationOf(await trial.take(asked));
      await trial.clock.advance(rule.window + 1);
      assert.equal(await trial.times(2, asked), 2);
      await trial.counters.release(held);
      assert.equal((await trial.take(asked)).admitted, false, rule.kind);
    }
  });

  it("gives nothing back that a bucket has refilled, whatever else was given back before", async () => {
    const asked = trial.check({ kind: "bucket", limit: 1, window: 100, burst: 2 });
    const first = reservationOf(await trial.take(asked));
    const second = reservationOf(await trial.take(asked));
    await trial.counters.release(first);
    await trial.clock.advance(100);
    assert.equal(await trial.times(3, asked), 2);
    await trial.counters.release(second);
    assert.equal((await trial.take(asked)).admitted, false);
  });

  it("gives back a part of what was taken together", async () => {
    const [counted, held] = [trial.check({ kind: "window", limit: 3, window: 1000 }), trial.check(everyKind(3)[2])];
    const reservation = reservationOf(await trial.take(counted, held));
    await trial.counters.release({ ...reservation, checks: [held] });
    const states = (await trial.take(counted, held)).states;
    assert.deepEqual(
      states.map(({ remaining }) => remaining),
      [1, 2],
    );
    await trial.counters.release(reservation);
    assert.deepEqual(
      (await trial.take(counted, held)).states.map(({ remaining }) => remaining),
      [1, 1],
    );
  });
}

function describeKeys(trial: Trial): void {
  it("follows a limit that is tightened or widened while units are out", async () => {
    const asked = trial.check({ kind: "window", limit: 4, window: 1000 });
    assert.equal(await trial.times(4, asked), 4);
    const tight = { ...asked, rule: { ...asked.rule, limit: 2 } };
    assert.equal((await trial.one(tight)).retryAfter, 1000);
    const wide = { ...asked, rule: { ...asked.rule, limit: 6 } };
    assert.equal(await trial.times(4, wide), 2);
  });

  it("starts anew when a key is counted in another way", async () => {
    const asked = trial.check({ kind: "window", limit: 1, window: 1000 });
    assert.equal(await trial.times(2, asked), 1);
    assert.equal(await trial.times(2, { ...asked, rule: { kind: "bucket", limit: 1, window: 1000, burst: 1 } }), 1);
    assert.equal(
      await trial.times(2, { ...asked, cost: 1025, rule: { kind: "window", limit: 1025, window: 1000 } }),
      1,
    );
  });

  it("forgets keys on request", async () => {
    const [left, right] = everyKind(1).map((rule) => trial.check(rule)) as [LimitCheck, LimitCheck]; // There are three.
    await trial.take(left, right);
    await trial.counters.reset([left.key]);
    assert.equal((await trial.take(left)).admitted, true);
    assert.equal((await trial.take(right)).admitted, false);
    await trial.counters.reset();
    assert.equal((await trial.take(left, right)).admitted, true);
  });
}
