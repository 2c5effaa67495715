import assert from "node:assert/strict";
import { it } from "node:test";
import type { LimitCheck } from "../kernel/ports/counters.ts";
import { everyKind, reservationOf, type Trial } from "./counters-trial.ts";

/** What counters do with slots that are held for long. */
export function describeRenewals(trial: Trial): void {
  it("holds slots for another window, few or many", async () => {
    for (const limit of [2, 2000]) {
      const asked = trial.check({ kind: "concurrency", limit, window: 5000 }, limit / 2);
      const held = reservationOf(await trial.take(asked));
      await trial.clock.advance(4000);
      await trial.counters.renew(held);
      await trial.clock.advance(4900);
      assert.equal(await trial.times(3, asked), 1, "it is still held");
      await trial.clock.advance(200);
      assert.equal(await trial.times(3, asked), 1, "it has freed itself, and what was taken since is held");
    }
  });

  it("takes a slot again that has freed itself, even beyond the limit", async () => {
    for (const limit of [2, 2000]) {
      const asked = trial.check({ kind: "concurrency", limit, window: 1000 }, limit / 2);
      const held = reservationOf(await trial.take(asked));
      await trial.clock.advance(30_000);
      assert.equal(await trial.times(3, asked), 2);
      await trial.counters.renew(held);
      await trial.clock.advance(990);
      assert.equal((await trial.one(asked)).remaining, 0);
      await trial.clock.advance(20);
      assert.equal(await trial.times(3, asked), limit === 2 ? 2 : 2);
      await trial.counters.release(held);
    }
  });

  it("gives back what it holds by now, however often it was renewed", async () => {
    for (const limit of [2, 2000]) {
      const asked = trial.check({ kind: "concurrency", limit, window: 1000 }, limit / 2);
      const held = reservationOf(await trial.take(asked));
      for (let round = 0; round < 3; round += 1) {
        await trial.clock.advance(800);
        await trial.counters.renew(held);
      }
      await trial.counters.release(held);
      assert.equal(await trial.times(3, asked), 2);
    }
  });

  it("does not take again what was given back", async () => {
    const asked = trial.check({ kind: "concurrency", limit: 1, window: 1000 });
    const held = reservationOf(await trial.take(asked));
    await Promise.all([trial.counters.renew(held), trial.counters.release(held), trial.counters.renew(held)]);
    assert.equal((await trial.take(asked)).admitted, true);
    await trial.counters.renew(held);
    await trial.clock.advance(1001);
    assert.equal((await trial.take(asked)).admitted, true);
  });

  it("leaves alone what is counted in other ways", async () => {
    const [counted, filled, slot] = everyKind(1).map((rule) => trial.check(rule)) as [
      LimitCheck,
      LimitCheck,
      LimitCheck,
    ]; // There are three.
    const held = reservationOf(await trial.take(counted, filled, slot));
    await trial.clock.advance(900);
    await trial.counters.renew(held);
    await trial.clock.advance(200);
    assert.equal((await trial.take(counted, filled)).admitted, true);
    assert.equal((await trial.take(slot)).admitted, false);
    await assert.rejects(async () => trial.counters.renew({ checks: [slot], mark: {} }), TypeError);
  });
}
