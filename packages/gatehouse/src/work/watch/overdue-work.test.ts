import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { systemClock } from "../../kernel/clock.ts";
import type { WriteTransaction } from "../../kernel/ports/store.ts";
import type { HeldItem } from "../../kernel/ports/work-leases.ts";
import { systemTimers } from "../../kernel/timers.ts";
import { coreMigrations } from "../../store/migrations/core-migrations.ts";
import { openPostgresStore } from "../../store/postgres/postgres-store.ts";
import { createWorkWatch } from "../../store/sql/work/watch.ts";
import { createTestGate, type TestGate } from "../../testing/gate-kit.ts";
import { createMovableDatabase } from "../../testing/postgres-clock.ts";
import { ADA, RITA } from "../../testing/review-kit-people.ts";
import { reviewKitMigrations } from "../../testing/review-kit-things.ts";
import { ReviewKit } from "../../testing/review-kit.ts";
import { skipWithout, startPostgres } from "../../testing/services.ts";
import { look, startWatch, type LookParts } from "./watch.ts";
import { createWatchActions } from "./watch-actions.ts";

const HOUR = 3_600_000;
const PATIENCE = { overdueAfter: 24 * HOUR, deadLetterAfter: 48 * HOUR };

/** Orders behind every guard, with those who watch over them, on a store whose clock is moved. */
interface Watched extends AsyncDisposable {
  readonly kit: ReviewKit;
  readonly gate: TestGate;
  readonly looking: LookParts;
  /** Moves the clock of the store. */
  advance(milliseconds: number): Promise<void>;
  /** Has one server, or several at once, look for what waits; how much there was. */
  look(servers?: number): Promise<number>;
  /** What the trail tells of orders, as `event target state`. */
  told(): Promise<readonly string[]>;
}

async function watch(kit: ReviewKit, advance: Watched["advance"]): Promise<Watched> {
  const parts = { watch: createWorkWatch(), patience: PATIENCE };
  const gate = await createTestGate({
    ...{ actions: createWatchActions({ ...kit.parts, ...parts }), store: kit.store, clock: kit.clock },
    ...{ seed: "work", server: "watch" },
  });
  const looking: LookParts = {
    ...{ ...parts, store: kit.store, gate: () => gate.gate, ids: gate.ids, clock: kit.clock },
    report: (error) => assert.fail(String(error)),
  };
  return {
    ...{ kit, gate, looking, advance },
    async look(servers = 1) {
      const done = await Promise.all(Array.from({ length: servers }, () => look(looking)));
      return done.reduce((sum, one) => sum + one, 0);
    },
    async told() {
      const rows = await gate.auditRows();
      const ours = rows.filter(({ name, outcome }) => name.startsWith("work_") && outcome === "success");
      const watched = ours.filter(({ name }) => name === "work_overdue" || name === "work_dead_lettered");
      for (const { level, actor } of watched) assert.deepEqual([level, actor.id], ["warn", "work"]);
      return watched.map(({ name, target, context }) => `${name} ${target} ${String(context["state"])}`).toSorted();
    },
    [Symbol.asyncDispose]: () => gate[Symbol.asyncDispose](),
  };
}

function describeWatch(name: string, open: () => Promise<Watched>): void {
  describe(`work that waits, on ${name}`, () => {
    it("for an agent is told of once, after a day and not before, by however many servers", async () => {
      await using watched = await open();
      const { kit } = watched;
      const order = await kit.propose({ things: ["a"] });
      await watched.advance(23 * HOUR);
      assert.equal(await watched.look(), 0);
      await watched.advance(2 * HOUR);
      assert.equal(await watched.look(3), 1);
      await watched.advance(100 * HOUR);
      assert.equal(await watched.look(), 0);
      assert.deepEqual(await watched.told(), [`work_overdue ${order} queued`]);
      assert.deepEqual((await kit.events(order)).filter((kind) => kind === "overdue").length, 1);
      const key = { tenant: "acme", id: order };
      assert.equal(await kit.store.read((transaction) => kit.parts.orders.verify(transaction, key)), undefined);
      await kit.work(order, {});
      assert.equal((await kit.find(order)).state, "submitted", "telling has changed nothing else");
    });

    it("for a reviewer is told of however often its plan is made anew, and again where it waits for something else", async () => {
      await using watched = await open();
      const { kit } = watched;
      const order = await kit.propose({ things: ["a"] });
      await watched.advance(25 * HOUR);
      assert.equal(await watched.look(), 1);
      await kit.work(order, {});
      await kit.run();
      await watched.advance(23 * HOUR);
      assert.equal(await watched.look(), 0);
      // Its plan expires after a day, and the next one is made.
      await watched.advance(HOUR + 1000);
      await kit.run();
      assert.equal((await kit.find(order)).planRevision, 2);
      assert.equal(await watched.look(2), 1);
      assert.equal(await watched.look(), 0);
      assert.deepEqual(await watched.told(), [`work_overdue ${order} queued`, `work_overdue ${order} submitted`]);
    });

    it("is not told of where it has ended, or where results still come in", async () => {
      await using watched = await open();
      const { kit } = watched;
      const cancelled = await kit.propose({ things: ["a"] });
      await kit.done("work.cancel", { order: cancelled }, ADA);
      const rejected = await kit.planned();
      await kit.done("work.reject", { ...rejected, errors: [{ code: "no", message: "No." }] }, RITA);
      const long = await kit.propose({ things: ["a", "b", "c"] });
      for (let round = 0; round < 2; round += 1) {
        await watched.advance(20 * HOUR);
        await submitOne(kit, long);
        assert.equal(await watched.look(), 0);
      }
      assert.deepEqual(await watched.told(), []);
      await watched.advance(25 * HOUR);
      assert.equal(await watched.look(), 1);
      assert.deepEqual(await watched.told(), [`work_overdue ${long} checked_out`]);
    });

    it("becomes a dead letter two days after it has failed, unless somebody has put it to work again", async () => {
      await using watched = await open();
      const { kit } = watched;
      const [given, again] = [await kit.propose({ things: ["a", "b"] }), await kit.propose({ things: ["a"] })];
      for (const order of [given, again]) await failOrder(kit, order);
      await watched.advance(47 * HOUR);
      assert.equal(await watched.look(), 0);
      await kit.done("work.requeue", { order: again }, ADA);
      await watched.advance(2 * HOUR);
      // The other one waits for an agent since two hours, so nothing is to be said of it.
      assert.equal(await watched.look(3), 1);
      assert.equal(await watched.look(), 0);
      const [order, items] = [await kit.find(given), await kit.items(given)];
      assert.deepEqual([order.state, order.reason], ["dead_lettered", "item_failed"]);
      assert.ok(order.closedAt !== undefined, "history takes it over");
      assert.deepEqual(items.map(({ state }) => state).toSorted(), ["cancelled", "dead_lettered"]);
      assert.equal((await kit.find(again)).state, "queued");
      assert.deepEqual(await watched.told(), [`work_dead_lettered ${given} failed`]);
      assert.equal(await kit.denied("work.requeue", { order: given }, ADA), "WORK_STATE_CONFLICT");
    });

    it("is given up by nobody but the server itself", async () => {
      await using watched = await open();
      const order = await watched.kit.propose({ things: ["a"] });
      for (const action of ["work.tell-overdue", "work.dead-letter"]) {
        const outcome = await watched.gate.attempt(action, { order }, { as: ADA, entrance: "job" });
        assert.ok(!outcome.ok && outcome.problem.code === "PERMISSION_DENIED", JSON.stringify(outcome));
      }
    });
  });
}

type End = (kit: ReviewKit, transaction: WriteTransaction, held: HeldItem) => Promise<unknown>;

/** Has an agent take one of an order's items and end it in some way. */
async function endOne(kit: ReviewKit, order: string, end: End): Promise<void> {
  const [holder, tokenHash] = [HOLDER, new Uint8Array(32)];
  await kit.store.write(async (transaction) => {
    const claimed = await kit.leases.claim(transaction, {
      ...{ tenants: ["acme"], order, holder, tokenHashes: [tokenHash], caps: { agent: 10, tenant: 10 } },
      types: [{ type: "things.rename", duration: HOUR, ceiling: HOUR, cap: 10 }],
    });
    assert.ok(claimed.kind === "claimed");
    const [{ item, lease } = assert.fail()] = claimed.items;
    const proof = { tenant: "acme", item: item.id, epoch: lease.epoch, tokenHash, holder };
    const held = await kit.leases.hold(transaction, proof);
    assert.ok(typeof held !== "string");
    await end(kit, transaction, held);
  });
}

const HOLDER = { type: "agent", id: "agent" } as const;

const failOrder = (kit: ReviewKit, order: string): Promise<void> =>
  endOne(kit, order, ({ leases }, transaction, held) => {
    const event = { kind: "failed", actor: HOLDER, details: "{}" };
    return leases.giveUp(transaction, held, { runAt: 0, final: true, event });
  });

const submitOne = (kit: ReviewKit, order: string): Promise<void> =>
  endOne(kit, order, ({ leases }, transaction, held) => {
    const event = { kind: "submitted", actor: HOLDER, details: "{}" };
    const result = { result: "{}", resultHash: "hash", evidence: undefined, notes: undefined };
    return leases.submit(transaction, held, { ...result, event });
  });

async function openOnSqlite(): Promise<Watched> {
  const kit = await ReviewKit.open();
  const watched = await watch(kit, (milliseconds) => kit.clock.advance(milliseconds));
  return {
    ...watched,
    async [Symbol.asyncDispose]() {
      await watched[Symbol.asyncDispose]();
      await kit[Symbol.asyncDispose]();
    },
  };
}

describeWatch("SQLite", openOnSqlite);

describe("looking for work that waits", () => {
  it("goes on by itself until it is stopped", async () => {
    await using watched = await openOnSqlite();
    const order = await watched.kit.propose({ things: ["a"] });
    await watched.advance(25 * HOUR);
    await using _watch = startWatch({ ...watched.looking, timers: systemTimers, interval: 5 });
    while ((await watched.told()).length === 0) await delay(5);
    assert.deepEqual(await watched.told(), [`work_overdue ${order} queued`]);
  });

  it("is not held up by one order that something is wrong with", async () => {
    await using watched = await openOnSqlite();
    const [broken, whole] = [
      await watched.kit.propose({ things: ["a"] }),
      await watched.kit.propose({ things: ["b"] }),
    ];
    await watched.advance(25 * HOUR);
    const reported: unknown[] = [];
    const { gate } = watched.gate;
    const attempt: typeof gate.attempt = (one, ...more) =>
      JSON.stringify(one.input).includes(broken) ? Promise.reject(new Error("broken")) : gate.attempt(one, ...more);
    const parts = { ...watched.looking, gate: () => ({ ...gate, attempt }) };
    assert.equal(await look({ ...parts, report: (error) => void reported.push(error) }), 1);
    assert.match(String(reported), /broken/);
    assert.deepEqual(await watched.told(), [`work_overdue ${whole} queued`]);
  });
});

describe("with PostgreSQL", { skip: await skipWithout("postgres") }, () => {
  const service = startPostgres();
  after(async () => (await service)[Symbol.asyncDispose]());

  describeWatch("PostgreSQL", async () => {
    const database = await createMovableDatabase(await service);
    const migrations = [...coreMigrations, ...reviewKitMigrations];
    const store = await openPostgresStore({ url: database.url, clock: systemClock, migrations });
    const kit = await ReviewKit.open({ store });
    const watched = await watch(kit, async (milliseconds) => {
      await kit.clock.advance(milliseconds);
      await database.advance(milliseconds);
    });
    return {
      ...watched,
      async [Symbol.asyncDispose]() {
        await watched[Symbol.asyncDispose]();
        await kit[Symbol.asyncDispose]();
        await store[Symbol.asyncDispose]();
        await database[Symbol.asyncDispose]();
      },
    };
  });
});
