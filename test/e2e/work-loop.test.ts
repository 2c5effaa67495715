import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { z } from "zod";
import { describeStoreEngines } from "../support/store-engines.ts";
import { overMcp, overRest, type Called, type WorkCaller } from "../support/work-callers.ts";
import { openWorkSite, type WorkSite } from "../support/work-site.ts";
import { eventually } from "../support/workshop.ts";

const SCOPE = "work:read work:propose work:execute";
const Order = z.looseObject({ order: z.string(), state: z.string() });
const Shown = z.object({ order: z.looseObject({ state: z.string(), revision: z.int() }) });
const Plan = z.object({ revision: z.int(), digest: z.string(), changes: z.array(z.object({ action: z.string() })) });
const Item = z.object({ item: z.string(), key: z.string(), lease: z.string(), epoch: z.int() });
type Item = z.infer<typeof Item>;
const ERRORS = [{ code: "vague", message: "Say which one." }];

/** An agent and its reviewer at a site, step by step. */
class Loop {
  readonly #site: WorkSite;
  readonly #caller: WorkCaller;
  #keys = 0;

  constructor(site: WorkSite, caller: WorkCaller) {
    this.#site = site;
    this.#caller = caller;
  }

  key(): string {
    this.#keys += 1;
    return `key-${this.#keys}`;
  }

  call(operation: string, input: Readonly<Record<string, unknown>>, key?: string): Promise<Called> {
    return this.#caller.call(operation, input, key);
  }

  async done(operation: string, input: Readonly<Record<string, unknown>>, key?: string) {
    const called = await this.call(operation, input, key);
    assert.ok(called.ok, `${operation}: ${JSON.stringify(called)}`);
    return called.value;
  }

  async refused(operation: string, input: Readonly<Record<string, unknown>>, key?: string): Promise<string> {
    const called = await this.call(operation, input, key);
    return called.ok ? assert.fail(`${operation}: ${JSON.stringify(called)}`) : called.code;
  }

  async propose(...things: readonly string[]): Promise<string> {
    const proposal = { type: "things.rename", input: { things } };
    return Order.parse(await this.done("work.propose", proposal, this.key())).order;
  }

  async take(order: string): Promise<readonly Item[]> {
    const taken = await this.done("work.checkout", { order, count: 10, wait_ms: 10_000 });
    return z.object({ items: z.array(Item) }).parse(taken).items;
  }

  async finish(order: string, name: (key: string) => string): Promise<void> {
    for (const { item, key, lease, epoch } of await this.take(order)) {
      await this.done("work.submit", { item, lease, epoch, result: { name: name(key) } }, this.key());
    }
  }

  async stateOf(order: string): Promise<string> {
    return Shown.parse(await this.done("work.get", { order })).order.state;
  }

  reaches(order: string, state: string): Promise<unknown> {
    return eventually(async () => (await this.stateOf(order)) === state || undefined, `${order} is ${state}`);
  }

  /** The plan of an order, of a revision or a later one. */
  plan(order: string, revision = 0): Promise<z.infer<typeof Plan>> {
    return eventually(async () => {
      const called = await this.call("work.preview", { order });
      const plan = called.ok ? Plan.parse(called.value) : undefined;
      return plan !== undefined && plan.revision >= revision ? plan : undefined;
    }, `${order} has a plan`);
  }

  /** What a reviewer decides about a plan. */
  async decide(decision: "approve" | "reject", order: string, more: object = {}): Promise<void> {
    const { revision, digest } = await this.plan(order);
    const outcome = await this.#site.gatehouse.operate(`work.${decision}`, { order, revision, digest, ...more });
    assert.ok(outcome.ok, JSON.stringify(outcome));
  }

  /** Lets the lease on an item run out, as its time does. */
  async expire(item: string): Promise<void> {
    const text = "UPDATE work_leases SET until = 1 WHERE item_id = ";
    const statement = { sqlite: `${text}?1`, postgres: `${text}$1` };
    await this.#site.gatehouse.services.store.write(
      async (transaction) => void (await transaction.execute(statement, [item])),
    );
  }

  /** What a thing is called, from the store. */
  async nameOf(thing: string): Promise<string | undefined> {
    const { store, documents } = this.#site.gatehouse.services;
    const key = { kind: "test-thing", tenant: "default", id: thing };
    const found = await store.read((transaction) => documents.get(transaction, key));
    return found && z.object({ name: z.string() }).parse(JSON.parse(found.body)).name;
  }
}

const WAYS = { "the Model Context Protocol": overMcp, REST: overRest };

await describeStoreEngines("the whole loop of an order", (engine) => {
  let site: WorkSite;
  before(async () => {
    site = await openWorkSite({ ...(await engine.place()), work: { items: { retry: "1s", retryJitter: "0ms" } } });
  });
  after(() => site[Symbol.asyncDispose]());

  for (const [label, open] of Object.entries(WAYS)) {
    const named = (thing: string): string => `${thing} ${label}`;

    it(`over ${label}: proposed, worked on, planned, applied, and taken back`, async () => {
      await using caller = await open(site, SCOPE);
      const loop = new Loop(site, caller);
      const things = [named("a"), named("b")];
      const proposal = { type: "things.rename", input: { things } };
      const order = Order.parse(await loop.done("work.propose", proposal, "once")).order;
      assert.equal(Order.parse(await loop.done("work.propose", proposal, "once")).order, order);
      const other = { ...proposal, priority: 1 };
      assert.equal(await loop.refused("work.propose", other, "once"), "IDEMPOTENCY_KEY_REUSED");
      const [first, second] = await loop.take(order);
      for (const { item, key, lease, epoch } of [first ?? assert.fail(), second ?? assert.fail()]) {
        await loop.done("work.heartbeat", { item, lease, epoch, progress: { done: 1 } });
        await loop.done("work.submit", { item, lease, epoch, result: { name: `new ${key}` } }, loop.key());
      }
      const plan = await loop.plan(order);
      assert.deepEqual(
        [plan.changes.map(({ action }) => action), await loop.nameOf(named("a"))],
        [["create", "create"], undefined],
      );
      const seen = { order, revision: plan.revision, digest: plan.digest };
      await assert.rejects(loop.done("work.approve", seen, loop.key()), /PERMISSION_DENIED|403|scope/i);
      await loop.decide("approve", order);
      await loop.reaches(order, "completed");
      assert.equal(await loop.nameOf(named("a")), `new ${named("a")}`);

      const reverting = Order.parse(await loop.done("work.revert", { order }, loop.key())).order;
      assert.deepEqual(
        (await loop.plan(reverting)).changes.map(({ action }) => action),
        ["delete", "delete"],
      );
      await loop.decide("approve", reverting);
      await loop.reaches(reverting, "completed");
      assert.equal(await loop.nameOf(named("a")), undefined);
    });

    it(`over ${label}: sent back for rework, rejected for good, and cancelled`, async () => {
      await using caller = await open(site, SCOPE);
      const loop = new Loop(site, caller);
      const order = await loop.propose(named("reworked"), named("kept"));
      await loop.finish(order, () => "vague");
      await loop.decide("reject", order, { errors: ERRORS, allow_rework: true, items: [named("reworked")] });
      assert.equal(await loop.stateOf(order), "queued");
      await loop.finish(order, (key) => `exactly ${key}`);
      assert.equal((await loop.plan(order, 2)).revision, 2);
      await loop.decide("approve", order);
      await loop.reaches(order, "completed");
      assert.equal(await loop.nameOf(named("reworked")), `exactly ${named("reworked")}`);
      assert.equal(await loop.nameOf(named("kept")), "vague");

      const rejected = await loop.propose(named("rejected"));
      await loop.finish(rejected, () => "bad");
      await loop.decide("reject", rejected, { errors: ERRORS });
      assert.equal(await loop.stateOf(rejected), "rejected");
      assert.equal(await loop.refused("work.checkout", { order: rejected }), "NO_ITEMS_AVAILABLE");

      const cancelled = await loop.propose(named("cancelled"));
      const [held = assert.fail()] = await loop.take(cancelled);
      await loop.done("work.cancel", { order: cancelled }, loop.key());
      assert.equal(await loop.stateOf(cancelled), "cancelled");
      const { item, lease, epoch } = held;
      const late = await loop.refused("work.submit", { item, lease, epoch, result: { name: "late" } }, loop.key());
      assert.match(late, /LEASE_LOST|WORK_STATE_CONFLICT/);
      assert.equal(await loop.nameOf(named("cancelled")), undefined);
    });

    it(`over ${label}: a lease runs out, and is lost to another agent`, async () => {
      await using caller = await open(site, SCOPE);
      await using rival = await open(site, SCOPE);
      const loop = new Loop(site, caller);
      const order = await loop.propose(named("contested"));
      const [held = assert.fail()] = await loop.take(order);
      const { item, lease, epoch } = held;
      await loop.expire(item);
      const result = { name: "late" };
      assert.equal(await loop.refused("work.submit", { item, lease, epoch, result }, loop.key()), "LEASE_EXPIRED");
      const taken = await eventually(async () => {
        const called = await rival.call("work.checkout", { order, wait_ms: 5000 });
        return called.ok ? z.object({ items: z.array(Item) }).parse(called.value).items[0] : undefined;
      }, "the item is handed out again");
      assert.ok(taken.epoch > epoch && taken.lease !== lease);
      assert.equal(await loop.refused("work.submit", { item, lease, epoch, result }, loop.key()), "LEASE_LOST");
      assert.equal(
        await loop.refused("work.heartbeat", { item, lease: taken.lease, epoch: taken.epoch }),
        "LEASE_LOST",
      );
      const handed = { item, lease: taken.lease, epoch: taken.epoch, result: { name: "in time" } };
      assert.ok((await rival.call("work.submit", handed, "rival")).ok);
      await loop.decide("approve", order);
      await loop.reaches(order, "completed");
      assert.equal(await loop.nameOf(named("contested")), "in time");
    });
  }
});
