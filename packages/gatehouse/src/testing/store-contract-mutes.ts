import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { systemClock } from "../kernel/clock.ts";
import { createIds } from "../kernel/ids.ts";
import type { Bus } from "../kernel/ports/bus.ts";
import type { Mute, Mutes, NewMute } from "../kernel/ports/mutes.ts";
import { createMemoryBus } from "../store/memory/memory-bus.ts";
import { createMutes } from "../store/sql/realtime/mutes.ts";
import { createDeterministicRandom } from "./deterministic-random.ts";
import { useStore, type CreateStoreFixture } from "./store-contract-fixture.ts";

const MINUTE = 60_000;
const ids = createIds(systemClock, createDeterministicRandom("mutes"));
const room = { tenant: "acme", type: "room", key: ["one"] };
const otherRoom = { ...room, key: ["two"] };
const board = { ...room, type: "board" };

const report = (error: unknown): never => {
  throw error;
};

/** What mutes promise on any transactional store, with two servers on one bus. */
export function describeMutesContract(name: string, create: CreateStoreFixture): void {
  describe(`${name}: mutes`, () => {
    const current = useStore(create);
    const open = (bus: Bus, pollInterval = 20): Promise<Mutes> =>
      createMutes({ store: current(), bus, clock: systemClock, ids, report, pollInterval });
    const add = (mutes: Mutes, more: Partial<NewMute> = {}): Promise<Mute> => {
      const principal = { type: "user", id: ids.next() } as const;
      const mute = { tenant: "acme", principal, actor: { type: "room" }, reason: "spam", duration: MINUTE, ...more };
      return current().write((writing) => mutes.add(writing, mute));
    };
    const found = (mutes: Mutes, { tenant, principal }: Mute, address = room): Mute | undefined =>
      mutes.find({ ...principal, tenant }, address);

    it("are found at once, at the actors and of the principal they are about", async () => {
      await using bus = createMemoryBus({ report });
      await using mutes = await open(bus);
      const everywhere = await add(mutes);
      assert.deepEqual(found(mutes, everywhere), everywhere);
      assert.deepEqual(found(mutes, everywhere, otherRoom), everywhere);
      assert.equal(found(mutes, everywhere, board), undefined);
      assert.equal(mutes.find({ ...everywhere.principal, type: "guest", tenant: "acme" }, room), undefined);
      assert.equal(mutes.find({ ...everywhere.principal, tenant: "other" }, room), undefined);
      const here = await add(mutes, { actor: { type: "room", key: ["one"] } });
      assert.deepEqual(found(mutes, here), here);
      assert.equal(found(mutes, here, otherRoom), undefined);
    });

    it("end by themselves, the longest last, and are deleted then", async () => {
      await using bus = createMemoryBus({ report });
      await using mutes = await open(bus);
      const long = await add(mutes);
      const { tenant, principal } = long;
      await add(mutes, { principal, duration: 1000 });
      assert.deepEqual(found(mutes, long), long);
      const past = await add(mutes, { duration: -1 });
      assert.equal(found(mutes, past), undefined);
      const listed = await current().read((reading) => mutes.list(reading, tenant, 100));
      assert.ok(listed.some(({ id }) => id === long.id) && !listed.some(({ id }) => id === past.id));
      assert.equal(await current().write((writing) => mutes.prune(writing, 100)), 1);
    });

    it("are lifted once, and by their own tenant alone", async () => {
      await using bus = createMemoryBus({ report });
      await using mutes = await open(bus);
      const mute = await add(mutes);
      const lift = (tenant: string) => current().write((writing) => mutes.lift(writing, { tenant, id: mute.id }));
      assert.equal(await lift("other"), undefined);
      assert.deepEqual(found(mutes, mute), mute);
      assert.deepEqual(await lift("acme"), mute);
      assert.equal(found(mutes, mute), undefined);
      assert.equal(await lift("acme"), undefined);
    });

    it("take nothing back that was not made durable", async () => {
      await using bus = createMemoryBus({ report });
      await using mutes = await open(bus);
      const principal = { type: "user", id: ids.next() } as const;
      const failing = current().write(async (writing) => {
        await mutes.add(writing, { tenant: "acme", principal, actor: { type: "room" }, reason: "", duration: MINUTE });
        throw new RangeError("no");
      });
      await assert.rejects(failing, RangeError);
      assert.equal(mutes.find({ ...principal, tenant: "acme" }, room), undefined);
    });

    it("reach other servers by the bus, long before these look themselves, and are lifted there so", async () => {
      await using bus = createMemoryBus({ report });
      const never = 3_600_000;
      await using near = await open(bus, never);
      await using far = await open(bus, never);
      const mute = await add(near);
      while (found(far, mute) === undefined) await delay(5);
      await current().write((writing) => near.lift(writing, mute));
      while (found(far, mute) !== undefined) await delay(5);
    });

    it("reach other servers, also where the message was lost, and outlive a restart", async () => {
      await using bus = createMemoryBus({ report });
      await using silent = createMemoryBus({ report });
      await using near = await open(bus);
      await using far = await open(silent);
      const mute = await add(near);
      while (found(far, mute) === undefined) await delay(5);
      assert.deepEqual(found(far, mute), mute);
      await using again = await open(bus);
      assert.deepEqual(found(again, mute), mute);
    });
  });
}
