import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { Store } from "../kernel/ports/store.ts";
import { createLeases } from "../store/sql/leases.ts";
import { useStore, type CreateStoreFixture } from "./store-contract-fixture.ts";

const LONG = 60_000;
let numbers = 0;

function freshName(): string {
  numbers += 1;
  return `lease ${numbers}`;
}

/** What leases promise on any transactional store. */
export function describeLeasesContract(name: string, create: CreateStoreFixture): void {
  describe(`${name}: leases`, () => describeLeases(useStore(create)));
}

function describeLeases(current: () => Store): void {
  it("gives a name to one of many who ask at once", async () => {
    const leases = createLeases(current());
    const name = freshName();
    const answers = await Promise.all(
      Array.from({ length: 16 }, (_, index) => leases.acquire(name, `h${index}`, LONG)),
    );
    assert.equal(answers.filter((lease) => lease !== undefined).length, 1);
  });

  it("passes a released name on under a higher epoch", async () => {
    const leases = createLeases(current());
    const name = freshName();
    const first = await leases.acquire(name, "first", LONG);
    assert.ok(first !== undefined);
    assert.equal(await leases.acquire(name, "second", LONG), undefined);
    await leases.release(first);
    const second = await leases.acquire(name, "second", LONG);
    assert.ok(second !== undefined && second.epoch > first.epoch);
  });

  it("fences off a holder whose lease ran out", async () => {
    const leases = createLeases(current());
    const name = freshName();
    const first = await leases.acquire(name, "first", 1);
    assert.ok(first !== undefined);
    await delay(10);
    assert.equal(await leases.renew(first, LONG), undefined);
    const second = await leases.acquire(name, "second", LONG);
    assert.ok(second !== undefined && second.epoch > first.epoch);
    await leases.release(first);
    assert.equal(await leases.acquire(name, "third", LONG), undefined);
    assert.deepEqual((await leases.renew(second, LONG))?.epoch, second.epoch);
  });

  it("fences off the former self of a holder that starts anew", async () => {
    const leases = createLeases(current());
    const name = freshName();
    const first = await leases.acquire(name, "same", LONG);
    const second = await leases.acquire(name, "same", LONG);
    assert.ok(first !== undefined && second !== undefined && second.epoch > first.epoch);
    assert.equal(await leases.renew(first, LONG), undefined);
  });

  it("extends a lease on the database's clock", async () => {
    const leases = createLeases(current());
    const first = await leases.acquire(freshName(), "holder", 5000);
    assert.ok(first !== undefined);
    const renewed = await leases.renew(first, LONG);
    assert.ok(renewed !== undefined && renewed.expiresAt > first.expiresAt);
    const now = await current().write((writing) => writing.now());
    assert.ok(Math.abs(renewed.expiresAt - now - LONG) < 5000);
  });
}
