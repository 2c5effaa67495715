import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { ChannelKey } from "../kernel/ports/publications.ts";
import type { Node } from "../kernel/ports/nodes.ts";
import { createNodes } from "../store/sql/realtime/nodes.ts";
import { portableStatement } from "../store/sql/statement.ts";
import { createStreamPositions } from "../store/sql/realtime/stream-positions.ts";
import { useStore, type CreateStoreFixture } from "./store-contract-fixture.ts";

const LONG = 60_000;
const DAY = 86_400_000;
const nodes = createNodes();
const streams = createStreamPositions();
const AGE = portableStatement("UPDATE realtime_nodes SET lease_until = lease_until - $2 WHERE id = $1");
const PUBLISHED = portableStatement(
  `INSERT INTO realtime_publications (tenant, channel, number, epoch, data, at) VALUES ($1, $2, $3, $4, '{}', 0)`,
);

/** What nodes promise on any transactional store. */
export function describeNodesContract(name: string, create: CreateStoreFixture): void {
  describe(`${name}: nodes`, () => {
    const current = useStore(create);
    const beat = (id: string, duration: number, roles: Node["roles"] = ["gateway", "worker"]): Promise<boolean> =>
      current().write((writing) => nodes.beat(writing, { id, roles }, duration));
    const alive = (): Promise<readonly Node[]> =>
      current().write(async (writing) => nodes.alive(writing, await writing.now()));
    const isAlive = async (id: string): Promise<boolean> => (await alive()).some((node) => node.id === id);

    it("enter, and are alive with their roles for as long as their lease is held", async () => {
      assert.equal(await beat("entering", LONG, ["gateway"]), true);
      assert.equal(await beat("entering", 2 * LONG, ["gateway"]), true);
      const found = (await alive()).find(({ id }) => id === "entering");
      assert.deepEqual(found?.roles, ["gateway"]);
      const now = await current().write((writing) => writing.now());
      assert.ok(Math.abs((found?.leaseUntil ?? 0) - now - 2 * LONG) < 5_000);
    });

    it("change their roles with a beat", async () => {
      await beat("changing", LONG, ["gateway", "worker"]);
      await beat("changing", LONG, []);
      assert.deepEqual((await alive()).find(({ id }) => id === "changing")?.roles, []);
    });

    it("are told when their lease had run out, once", async () => {
      await beat("late", 1);
      await delay(10);
      assert.equal(await isAlive("late"), false);
      assert.equal(await beat("late", LONG), false);
      assert.equal(await isAlive("late"), true);
      assert.equal(await beat("late", LONG), true);
    });

    it("leave at once", async () => {
      await beat("leaving", LONG);
      await current().write((writing) => nodes.leave(writing, "leaving"));
      assert.equal(await isAlive("leaving"), false);
      assert.equal(await beat("leaving", LONG), false);
      await current().write((writing) => nodes.leave(writing, "nobody"));
    });

    it("are forgotten a day after their lease ran out", async () => {
      for (const id of ["gone yesterday", "gone today", "there"]) await beat(id, LONG);
      await current().write((writing) => writing.execute(AGE, ["gone yesterday", DAY + LONG]));
      await current().write((writing) => writing.execute(AGE, ["gone today", DAY / 2]));
      assert.equal(await current().write((writing) => nodes.prune(writing, 10)), 1);
      assert.equal(await beat("gone yesterday", LONG), true, "it is new");
      assert.equal(await beat("gone today", LONG), false);
      assert.equal(await isAlive("there"), true);
    });

    it("hold one lease where many beats come at once", async () => {
      const answers = await Promise.all(Array.from({ length: 8 }, () => beat("hurried", LONG)));
      assert.deepEqual(new Set(answers), new Set([true]));
      assert.equal((await alive()).filter(({ id }) => id === "hurried").length, 1);
    });
  });
}

/** What positions of streams promise on any transactional store. */
export function describeStreamPositionsContract(name: string, create: CreateStoreFixture): void {
  describe(`${name}: positions of streams`, () => {
    const current = useStore(create);
    const newest = (keys: readonly ChannelKey[]) => current().read((reading) => streams.newest(reading, keys));

    it("are those of the newest publication of each channel, in the order asked", async () => {
      await current().write(async (writing) => {
        for (const number of [1, 2, 3]) await writing.execute(PUBLISHED, ["one", "room:a", number, "run 1"]);
        await writing.execute(PUBLISHED, ["two", "room:a", 7, "run 2"]);
        await writing.execute(PUBLISHED, ["one", "room:b", 12, 'run "3"']);
      });
      const keys = [
        { tenant: "one", channel: "room:b" },
        { tenant: "two", channel: "room:a" },
        { tenant: "two", channel: "room:b" },
        { tenant: "one", channel: "room:a" },
        { tenant: "one", channel: "room:A" },
      ];
      const expected = [
        { offset: 12, epoch: 'run "3"' },
        { offset: 7, epoch: "run 2" },
        undefined,
        { offset: 3, epoch: "run 1" },
        undefined,
      ];
      assert.deepEqual(await newest(keys), expected);
    });

    it("are asked for a thousand channels at once", async () => {
      await current().write(async (writing) => {
        for (let index = 0; index < 1_000; index += 2) {
          await writing.execute(PUBLISHED, ["many", `room:${index}`, index + 1, "run"]);
        }
      });
      const keys = Array.from({ length: 1_000 }, (_, index) => ({ tenant: "many", channel: `room:${index}` }));
      const found = await newest(keys);
      for (const [index, position] of found.entries()) {
        assert.deepEqual(position, index % 2 === 0 ? { offset: index + 1, epoch: "run" } : undefined);
      }
    });

    it("are none where nothing is asked", async () => {
      assert.deepEqual(await newest([]), []);
    });
  });
}
