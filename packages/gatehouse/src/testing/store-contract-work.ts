import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { useStore, type CreateStoreFixture } from "./store-contract-fixture.ts";
import {
  describeWorkAgeing,
  describeWorkBatches,
  describeWorkCaps,
  describeWorkExpiry,
} from "./store-contract-work-leases.ts";
import { describeWorkChains, describeWorkOrders } from "./store-contract-work-orders.ts";
import { agent, WorkKit } from "./work-kit.ts";

type Fresh = () => WorkKit;

/** What orders, items and leases promise on any transactional store. */
export function describeWorkContract(name: string, create: CreateStoreFixture): void {
  describe(`${name}: work`, () => {
    const current = useStore(create);
    const fresh: Fresh = () => new WorkKit(current());
    describeClaims(fresh);
    describeHolding(fresh);
    describeEnds(fresh);
    describeWorkExpiry(fresh);
    describeWorkCaps(fresh);
    describeWorkAgeing(fresh);
    describeWorkBatches(fresh);
    describeWorkOrders(fresh);
    describeWorkChains(fresh);
  });
}

function describeClaims(fresh: Fresh): void {
  it("hands each item to one of many who ask at once, whether of one order or of many", async () => {
    const kit = fresh();
    const keys = Array.from({ length: 12 }, (_, index) => `item-${index}`);
    const [one] = await Promise.all([kit.propose(keys), ...keys.map(() => kit.propose())]);
    const wanted = 2 * keys.length;
    const got: string[] = [];
    while (got.length < wanted) {
      const asked = await Promise.all(
        Array.from({ length: 8 }, (_, index) => kit.ask(agent(`agent-${index}`), { count: 2 })),
      );
      got.push(...asked.flatMap(({ grips }) => grips.map(({ item }) => item.id)));
    }
    assert.equal(new Set(got).size, wanted);
    assert.equal((await kit.ask(agent("late"))).claimed.kind, "none");
    assert.equal((await kit.order(one)).state, "checked_out");
    assert.equal(await kit.verify(one), undefined);
  });

  it("gives the highest priority first, then the oldest, and no lower one than was asked for", async () => {
    const kit = fresh();
    const now = await kit.now();
    const low = await kit.propose(["low"], { priority: -5 });
    const second = await kit.propose(["b"], { priority: 7, runAt: now - 10 });
    const first = await kit.propose(["a"], { priority: 7, runAt: now - 20 });
    const { grips } = await kit.ask(agent("a"), { count: 5, leastPriority: 0 });
    assert.deepEqual(
      grips.map(({ item }) => item.order),
      [first.id, second.id],
    );
    assert.equal((await kit.take()).item.order, low.id);
  });

  it("gives what the item is, with a lease that ends by itself", async () => {
    const kit = fresh();
    const order = await kit.propose(["one"]);
    const { item, lease } = await kit.take(agent("a"), { duration: 5000, ceiling: 2000 });
    const now = await kit.now();
    assert.deepEqual(
      [item.key, item.input, item.state, item.attempt, item.epoch],
      ["one", '{"of":"one"}', "leased", 1, 1],
    );
    assert.deepEqual([lease.order, lease.type, lease.holder, lease.epoch], [order.id, kit.type, agent("a"), 1]);
    assert.equal(lease.until, lease.ceiling);
    assert.ok(lease.until > now && lease.until <= now + 2000);
    const stored = await kit.item(item.id);
    assert.deepEqual({ ...stored, updatedAt: 0 }, { ...item, updatedAt: 0 });
  });

  it("gives nothing of other tenants, other types or other orders than asked for, nothing before its time", async () => {
    const kit = fresh();
    const other = fresh();
    await other.propose();
    await kit.propose(["x"], { type: "photo.moderate" });
    await kit.propose(["later"], { runAt: (await kit.now()) + 60_000 });
    assert.equal((await kit.ask(agent("a"))).claimed.kind, "none");
    const wanted = await kit.propose(["mine"]);
    await kit.propose(["other"], { priority: 50 });
    assert.equal((await kit.take(agent("a"), { order: wanted.id })).item.key, "mine");
    assert.equal((await kit.ask(agent("a"), { order: wanted.id })).claimed.kind, "none");
  });

  it("gives of several types the item of highest priority first", async () => {
    const kit = fresh();
    await kit.propose(["caption"], { priority: 1 });
    await kit.propose(["photo"], { priority: 2, type: "photo.moderate" });
    const types = [kit.kind(kit.type), kit.kind("photo.moderate"), kit.kind("guest.erase")];
    const { grips } = await kit.ask(agent("a"), { types, count: 2 });
    assert.deepEqual(
      grips.map(({ item }) => item.key),
      ["photo", "caption"],
    );
  });

  it("serves the tenant first that was served longest ago", async () => {
    const [first, second] = [fresh(), fresh()];
    for (const kit of [first, first, first, second]) await kit.propose();
    const served: string[] = [];
    for (let round = 0; round < 4; round += 1) {
      served.push((await first.take(agent("a"), { tenants: [first.tenant, second.tenant] })).item.tenant);
      await delay(2);
    }
    assert.deepEqual(new Set(served.slice(0, 2)), new Set([first.tenant, second.tenant]));
    assert.deepEqual(served.slice(2), [first.tenant, first.tenant]);
  });

  it("hands an item out once those it depends on are submitted", async () => {
    const kit = fresh();
    const order = await kit.propose(["a", "b", "c"], { dependsOn: { b: ["a"], c: ["a", "b"] } });
    const a = await kit.take();
    assert.equal((await kit.ask(agent("a"))).claimed.kind, "none");
    assert.deepEqual(await kit.submit(a), { last: false });
    const b = await kit.take();
    assert.equal(b.item.key, "b");
    assert.deepEqual(b.item.dependsOn, ["a"]);
    assert.equal((await kit.ask(agent("a"))).claimed.kind, "none");
    await kit.submit(b);
    assert.deepEqual(await kit.submit(await kit.take()), { last: true });
    assert.equal((await kit.order(order)).state, "submitted");
  });
}

function describeHolding(fresh: Fresh): void {
  it("lets nobody write but whoever shows epoch, token, name and tenant of the lease", async () => {
    const kit = fresh();
    await kit.propose();
    const grip = await kit.take(agent("a"));
    const { proof } = grip;
    for (const wrong of [
      { ...proof, epoch: 2 },
      { ...proof, epoch: 0 },
      { ...proof, tokenHash: new Uint8Array(32) },
      { ...proof, holder: agent("b") },
      { ...proof, holder: { type: "user" as const, id: "a" } },
      { ...proof, tenant: "other" },
    ]) {
      assert.equal(await kit.submit({ proof: wrong }), "lost");
      assert.equal(await kit.renew({ proof: wrong }), "lost");
    }
    assert.equal((await kit.item(grip.item.id)).state, "leased");
    assert.deepEqual(await kit.submit(grip), { last: true });
  });

  it("holds on for longer up to the ceiling, and says when somebody wants it to end", async () => {
    const kit = fresh();
    const order = await kit.propose();
    const grip = await kit.take(agent("a"), { duration: 3000, ceiling: 5000 });
    const longer = await kit.renew(grip, 60_000, '{"done":3}');
    assert.ok(typeof longer !== "string");
    assert.equal(longer.until, grip.lease.ceiling);
    assert.deepEqual([longer.cancelRequested, longer.progress], [false, '{"done":3}']);
    await kit.store.write((transaction) => kit.leases.requestCancel(transaction, order));
    const told_ = await kit.renew(grip);
    assert.ok(typeof told_ !== "string" && told_.cancelRequested);
    assert.equal(told_.progress, '{"done":3}');
    const leases = await kit.store.read((transaction) => kit.leases.list(transaction, order));
    assert.deepEqual(
      leases.map(({ item, holder, cancelRequested }) => [item, holder.id, cancelRequested]),
      [[grip.item.id, "a", true]],
    );
  });

  it("says once that an item and its order have been begun", async () => {
    const kit = fresh();
    const order = await kit.propose(["a", "b"]);
    const grip = await kit.take();
    await kit.begin(grip);
    await kit.begin(grip);
    assert.equal((await kit.item(grip.item.id)).state, "in_progress");
    assert.equal((await kit.order(order)).state, "in_progress");
    const page = { limit: 100 };
    const events = await kit.store.read((transaction) => kit.orders.events(transaction, order, page));
    assert.equal(events.filter(({ kind }) => kind === "begun").length, 2);
  });
}

function describeEnds(fresh: Fresh): void {
  it("keeps what was submitted, and submits the order with its last item", async () => {
    const kit = fresh();
    const order = await kit.propose(["a", "b"]);
    const [a, b] = (await kit.ask(agent("a"), { count: 2 })).grips;
    assert.ok(a !== undefined && b !== undefined);
    assert.deepEqual(await kit.submit(b, '{"text":"b"}'), { last: false });
    assert.deepEqual(await kit.submit(a), { last: true });
    const [first, second] = await kit.store.read((transaction) => kit.orders.items(transaction, order));
    assert.deepEqual([first?.state, second?.state, second?.result], ["submitted", "submitted", '{"text":"b"}']);
    assert.equal((await kit.order(order)).state, "submitted");
    assert.equal(await kit.submit(a), "lost");
    assert.equal(await kit.verify(order), undefined);
  });

  it("submits an order once although its last items are submitted at once", async () => {
    const kit = fresh();
    const keys = Array.from({ length: 8 }, (_, index) => `item-${index}`);
    const order = await kit.propose(keys);
    const { grips } = await kit.ask(agent("a"), { count: 8 });
    const ends = await Promise.all(grips.map((grip) => kit.submit(grip)));
    assert.equal(ends.filter((end) => typeof end !== "string" && end.last).length, 1);
    assert.equal((await kit.order(order)).state, "submitted");
  });

  it("takes one of many submissions of the same lease at once", async () => {
    const kit = fresh();
    await kit.propose();
    const grip = await kit.take();
    const ends = await Promise.all(Array.from({ length: 8 }, () => kit.submit(grip)));
    assert.equal(ends.filter((end) => end !== "lost").length, 1);
  });

  it("puts back what is given up, the order too where nobody is at it, until the attempts are used up", async () => {
    const kit = fresh();
    const order = await kit.propose(["one"], { attempts: 2 });
    assert.equal(await kit.giveUp(await kit.take(), { errors: '[{"code":"x"}]' }), "queued");
    assert.equal((await kit.order(order)).state, "queued");
    const again = await kit.take();
    assert.deepEqual([again.item.attempt, again.item.epoch, again.item.errors], [2, 2, '[{"code":"x"}]']);
    assert.equal(await kit.giveUp(again), "failed");
    assert.match((await kit.item(again.item.id)).errors ?? "", /max_attempts_exceeded/);
    assert.deepEqual([(await kit.order(order)).state, (await kit.order(order)).reason], ["failed", "item_failed"]);
    assert.equal(await kit.verify(order), undefined);
  });

  it("does not count the attempt of who hands an item back, and hands it out no sooner than said", async () => {
    const kit = fresh();
    await kit.propose(["one"], { attempts: 1 });
    assert.equal(await kit.giveUp(await kit.take(), { uncounted: true }), "queued");
    const runAt = (await kit.now()) + 60_000;
    assert.equal(await kit.giveUp(await kit.take(), { uncounted: true, runAt }), "queued");
    assert.equal((await kit.ask(agent("a"))).claimed.kind, "none");
  });

  it("hands out nothing more of an order that failed, tells holders, and takes nothing from them", async () => {
    const kit = fresh();
    const order = await kit.propose(["a", "b", "c"]);
    const [a, b] = (await kit.ask(agent("a"), { count: 2 })).grips;
    assert.ok(a !== undefined && b !== undefined);
    await kit.giveUp(a, { final: true });
    assert.equal((await kit.ask(agent("a"))).claimed.kind, "none");
    const beat = await kit.renew(b);
    assert.ok(typeof beat !== "string" && beat.cancelRequested);
    assert.equal(await kit.submit(b), "lost");
    await kit.change(order, { state: "queued", reason: "requeued" }, { from: ["failed", "leased"], to: "queued" });
    const { grips } = await kit.ask(agent("b"), { count: 5 });
    assert.deepEqual(grips.map(({ item }) => item.key).toSorted(), ["a", "b", "c"]);
    assert.ok(grips.every(({ item }) => item.attempt === 1));
    assert.equal(await kit.submit(b), "lost");
  });
}
