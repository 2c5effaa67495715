import assert from "node:assert/strict";
import { it } from "node:test";
import fc from "fast-check";
import { createFakeClock, type FakeClock } from "../../../testing/fake-clock.ts";
import { agent, WorkKit, type Grip } from "../../../testing/work-kit.ts";
import { WorkModel, type ModelItem, type ModelOrder } from "../../../testing/work-model.ts";
import { coreMigrations } from "../../migrations/core-migrations.ts";
import { openSqliteStore } from "../../sqlite/sqlite-store.ts";

const AGENTS = ["a", "b", "c"] as const;
const DURATION = 1000;
const CEILING = 2500;
const CAP = 3;

/** Which of those there are is meant by a number, so that whatever is drawn means something. */
const which = fc.nat(1000);
const command = fc.oneof(
  fc.record({
    what: fc.constant("propose" as const),
    keys: fc.integer({ min: 1, max: 3 }),
    chained: fc.boolean(),
    priority: fc.integer({ min: -1, max: 1 }),
    attempts: fc.integer({ min: 1, max: 3 }),
  }),
  fc.record({
    what: fc.constant("claim" as const),
    holder: fc.constantFrom(...AGENTS),
    count: fc.integer({ min: 1, max: 4 }),
  }),
  fc.record({ what: fc.constant("claim" as const), holder: fc.constantFrom(...AGENTS), count: fc.constant(1) }),
  fc.record({ what: fc.constant("hold" as const), how: fc.constantFrom("submit", "begin", "renew"), which }),
  fc.record({
    what: fc.constant("giveUp" as const),
    which,
    final: fc.boolean(),
    uncounted: fc.boolean(),
    later: fc.integer({ min: 0, max: 1500 }),
  }),
  fc.record({ what: fc.constant("reclaim" as const) }),
  fc.record({ what: fc.constant("advance" as const), by: fc.integer({ min: 1, max: 1500 }) }),
  fc.record({ what: fc.constant("steer" as const), how: fc.constantFrom("cancel", "requeue", "rework"), which }),
);
type Command = typeof command extends fc.Arbitrary<infer Value> ? Value : never;
interface Held {
  readonly grip: Grip;
  readonly item: ModelItem;
}

/** The store beside the model: whatever is done to both has the same answer, and leaves the same behind. */
class Pair {
  readonly #kit: WorkKit;
  readonly #clock: FakeClock;
  readonly #model = new WorkModel();
  readonly #grips: Held[] = [];

  constructor(kit: WorkKit, clock: FakeClock) {
    this.#kit = kit;
    this.#clock = clock;
    this.#model.now = clock.now();
  }

  async run(command: Command): Promise<void> {
    if (command.what === "propose") await this.#propose(command);
    else if (command.what === "claim") await this.#claim(command);
    else if (command.what === "reclaim") assert.equal((await this.#kit.reclaim()).length, this.#model.reclaim());
    else if (command.what === "advance") await this.#advance(command.by);
    else if (command.what === "steer") await this.#steer(command.how, command.which);
    else await this.#hold(command);
  }

  async compare(): Promise<void> {
    for (const order of this.#model.orders) {
      assert.equal((await this.#kit.order(order)).state, order.state);
      for (const { id, state, attempt, epoch, runAt } of order.items) {
        const item = await this.#kit.item(id);
        assert.deepEqual([item.state, item.attempt, item.epoch], [state, attempt, epoch]);
        if (state === "queued") assert.equal(item.runAt, runAt);
      }
      const key = { id: order.id, tenant: this.#kit.tenant };
      assert.equal(await this.#kit.verify(key), undefined);
      const leases = await this.#kit.store.read((transaction) => this.#kit.leases.list(transaction, key));
      const held = order.items.filter(({ holder }) => holder !== undefined);
      assert.deepEqual(
        leases.map(({ item, until, holder }) => `${item} ${until} ${holder.id}`).toSorted(),
        held.map(({ id, until, holder }) => `${id} ${until} ${holder}`).toSorted(),
      );
    }
  }

  async #propose({ keys, chained, priority, attempts }: Extract<Command, { what: "propose" }>): Promise<void> {
    const names = Array.from({ length: keys }, (_, index) => `item-${index}`);
    const needs = (index: number): string[] => (chained ? names.slice(0, index) : []);
    const dependsOn = Object.fromEntries(names.map((name, index) => [name, needs(index)]));
    const { id, items } = await this.#kit.propose(names, { priority, attempts, dependsOn });
    const order: ModelOrder = { id, priority, items: [], state: "queued" };
    for (const [index, item] of items.entries()) {
      order.items.push({
        ...{ id: item, order, key: names[index] ?? "", needs: needs(index), attempts, state: "queued" },
        ...{ runAt: 0, attempt: 0, epoch: 0, holder: undefined, until: 0, ceiling: 0 },
      });
    }
    this.#model.orders.push(order);
  }

  async #claim({ holder, count }: Extract<Command, { what: "claim" }>): Promise<void> {
    const times = { duration: DURATION, ceiling: CEILING };
    const expected = this.#model.claim(holder, { count, cap: CAP, ...times });
    const caps = { agent: CAP, tenant: Number.POSITIVE_INFINITY };
    const { claimed, grips } = await this.#kit.ask(agent(holder), { count, caps, ...times });
    if (typeof expected === "string") {
      assert.equal(claimed.kind, expected);
      return;
    }
    assert.deepEqual(
      grips.map(({ item }) => item.id),
      expected.map(({ id }) => id),
    );
    for (const [index, grip] of grips.entries()) this.#grips.push({ grip, item: expected[index] ?? assert.fail() });
  }

  async #advance(by: number): Promise<void> {
    await this.#clock.advance(by);
    this.#model.now = this.#clock.now();
  }

  async #hold(command: Extract<Command, { what: "hold" | "giveUp" }>): Promise<void> {
    const held = this.#grips[command.which % Math.max(1, this.#grips.length)];
    if (held === undefined) return;
    const { grip, item } = held;
    const how = command.what === "hold" ? command.how : command;
    if (how === "renew") {
      const expected = this.#model.renew(item, grip.lease.epoch, DURATION);
      const lease = await this.#kit.renew(grip, DURATION);
      assert.equal(typeof lease === "string" ? lease : "renewed", expected);
      return;
    }
    const standing = this.#model.standing(item, grip.lease.epoch);
    const refused = standing === "held" ? undefined : standing;
    if (how === "submit") {
      const expected = refused ?? { last: this.#model.submit(item) };
      assert.deepEqual(await this.#kit.submit(grip), expected);
    } else if (how === "begin") {
      if (refused === undefined) this.#model.begin(item);
      assert.equal(await this.#kit.begin(grip), refused ?? "begun");
    } else {
      const { final, uncounted, later } = how;
      const given = { runAt: this.#model.now + later, final, uncounted };
      const expected = refused ?? this.#model.giveUp(item, given);
      assert.equal(await this.#kit.giveUp(grip, given), expected);
    }
  }

  /** What reviewers and operators do, where the state of the order lets them. */
  async #steer(what: "cancel" | "requeue" | "rework", number: number): Promise<void> {
    const order = this.#model.orders[number % Math.max(1, this.#model.orders.length)];
    if (order === undefined) return;
    const key = { id: order.id, tenant: this.#kit.tenant };
    const { state } = order;
    if (what === "cancel" && !["cancelled", "dead_lettered", "completed"].includes(state)) {
      this.#model.cancel(order);
      const from = ["queued", "leased", "in_progress", "submitted", "failed"] as const;
      await this.#kit.change(key, { state: "cancelled" }, { from, to: "cancelled" });
    } else if (what === "requeue" && state === "failed") {
      const from = ["failed", "leased", "in_progress"] as const;
      this.#model.again(order, from);
      await this.#kit.change(key, { state: "queued" }, { from, to: "queued" });
    } else if (what === "rework" && state === "submitted") {
      this.#model.again(order, ["submitted"]);
      await this.#kit.change(key, { state: "queued" }, { from: ["submitted"], to: "queued" });
    }
  }
}

it("orders, items and leases do what a slow and plain model of them does", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(command, { minLength: 10, maxLength: 60 }), async (commands) => {
      const clock = createFakeClock();
      await using store = await openSqliteStore({ memory: true, clock, migrations: coreMigrations });
      const pair = new Pair(new WorkKit(store), clock);
      for (const one of commands) {
        await pair.run(one);
        await pair.compare();
      }
    }),
    { numRuns: 60, endOnFailure: false },
  );
});
