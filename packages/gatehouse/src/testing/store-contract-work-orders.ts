import assert from "node:assert/strict";
import { it } from "node:test";
import type { WorkOrderKey, WorkOrderPage, WorkOrderSort } from "../kernel/ports/work-orders.ts";
import { agent, told, type WorkKit } from "./work-kit.ts";

/** What orders promise besides what becomes of their items. */
export function describeWorkOrders(fresh: () => WorkKit): void {
  it("takes back for rework what reviewers name, with what depends on it waiting", async () => {
    const kit = fresh();
    const order = await kit.propose(["a", "b"], { dependsOn: { b: ["a"] } });
    await kit.submit(await kit.take());
    await kit.submit(await kit.take());
    const errors = '[{"code":"blurred"}]';
    await kit.change(order, { state: "queued", reason: "rework" }, { from: ["submitted"], to: "queued", errors });
    const a = await kit.take();
    assert.deepEqual([a.item.key, a.item.errors, a.item.attempt], ["a", errors, 1]);
    assert.equal((await kit.ask(agent("a"))).claimed.kind, "none");
    assert.deepEqual(await kit.submit(a), { last: false });
    assert.deepEqual(await kit.submit(await kit.take()), { last: true });
    assert.equal(await kit.verify(order), undefined);
  });

  it("refuses steps that no order or item takes, and orders that are not as they were read", async () => {
    const kit = fresh();
    const order = await kit.propose();
    await assert.rejects(kit.change(order, { state: "applied" }));
    await assert.rejects(kit.change(order, { state: "completed" }));
    const stale = { ...order, version: 99 };
    const event = { ...told("x"), item: undefined, from: "queued", to: "queued" };
    await assert.rejects(kit.store.write((transaction) => kit.orders.change(transaction, stale, {}, event)));
    assert.equal((await kit.order(order)).state, "queued");
  });

  it("lists a tenant's orders by what is asked for, page by page", async () => {
    const kit = fresh();
    const low = await kit.propose(["x"], { priority: -1 });
    const high = await kit.propose(["x"], { priority: 5 });
    const moderate = await kit.propose(["x"], { type: "photo.moderate" });
    await kit.take(agent("a"), { order: high.id });
    const list = async (filter: object, after?: string, limit = 10): Promise<string[]> => {
      const page = { filter, limit, ...(after === undefined ? {} : { after }) };
      return (await kit.store.read((transaction) => kit.orders.list(transaction, kit.tenant, page))).map(
        ({ id }) => id,
      );
    };
    assert.deepEqual(await list({}), [high.id, moderate.id, low.id]);
    assert.deepEqual(await list({}, undefined, 2), [high.id, moderate.id]);
    assert.deepEqual(await list({}, moderate.id, 2), [low.id]);
    assert.deepEqual(await list({ states: ["checked_out"] }), [high.id]);
    assert.deepEqual(await list({ types: ["photo.moderate"], risks: ["low"] }), [moderate.id]);
    assert.deepEqual(await list({ reasons: ["rework"] }), []);
    assert.deepEqual(await list({ reasons: ["rework", ""] }), [high.id, moderate.id, low.id]);
    assert.deepEqual(await list({ available: true, leastPriority: 0 }), [moderate.id]);
    assert.deepEqual(await list({ itemStates: ["leased"], proposer: "ada" }), [high.id]);
    assert.deepEqual(await list({ proposer: "bob" }), []);
    assert.deepEqual(await list({ createdAfter: (await kit.now()) + 60_000 }), []);
    assert.equal(
      await kit.store.read((transaction) => kit.orders.find(transaction, { ...low, tenant: "x" })),
      undefined,
    );
  });

  it("sorts lists by several members, and pages hold where orders move meanwhile", async () => {
    const kit = fresh();
    const wishes = [
      { type: kit.type, priority: 1 },
      { type: "a", priority: 1 },
      { type: kit.type, priority: 3 },
      { type: "a", priority: 2 },
    ];
    const orders: WorkOrderKey[] = [];
    for (const wish of wishes) orders.push(await kit.propose(["x"], wish));
    const [b1 = "", a1 = "", b3 = "", a2 = ""] = orders.map(({ id }) => id);
    const list = async (page: Partial<WorkOrderPage>): Promise<string[]> => {
      const whole = { filter: {}, limit: 10, ...page };
      const found = await kit.store.read((transaction) => kit.orders.list(transaction, kit.tenant, whole));
      return found.map(({ id }) => id);
    };
    const up = (by: WorkOrderSort["by"]): WorkOrderSort => ({ by, descending: false });
    const down = (by: WorkOrderSort["by"]): WorkOrderSort => ({ by, descending: true });
    assert.deepEqual(await list({ sort: [up("type"), down("priority")] }), [a2, a1, b3, b1]);
    assert.deepEqual(await list({ sort: [down("type"), up("priority")] }), [b1, b3, a1, a2]);
    assert.deepEqual(await list({ sort: [up("priority")] }), [...[b1, a1].toSorted(), a2, b3]);
    const sort = [up("type"), down("priority")];
    assert.deepEqual(await list({ sort, limit: 2 }), [a2, a1]);
    assert.deepEqual(await list({ sort, after: a1 }), [b3, b1]);
    assert.deepEqual(await list({ sort, after: ["a", 1, a1] }), [b3, b1]);
    // The last order of the page has moved: what it was sorted by still says where the next page begins.
    await kit.take(agent("a"), { order: b3 });
    const byState = [down("state")];
    const before = await list({ sort: byState, limit: 1 });
    await kit.take(agent("b"), { order: before[0] ?? "" });
    const rest = await list({ sort: byState, after: ["queued", before[0] ?? ""] });
    assert.deepEqual(rest.includes(before[0] ?? ""), true);
    assert.equal(new Set([...before, ...rest]).size, 4);
  });

  it("counts a tenant's orders by type, risk, state and reason", async () => {
    const kit = fresh();
    const first = await kit.propose(["x"]);
    await kit.propose(["x"]);
    await kit.propose(["x"], { type: "photo.moderate" });
    await kit.take(agent("a"), { order: first.id });
    const counts = await kit.store.read((transaction) => kit.orders.count(transaction, kit.tenant));
    assert.deepEqual(
      counts.map(({ type, risk, state, reason, count }) => [type, risk, state, reason, count]),
      [
        [kit.type, "low", "checked_out", "", 1],
        [kit.type, "low", "queued", "", 1],
        ["photo.moderate", "low", "queued", "", 1],
      ],
    );
    const { updatedAt } = await kit.order(first);
    assert.equal(counts[0]?.oldest, updatedAt);
    assert.deepEqual(await kit.store.read((transaction) => kit.orders.count(transaction, "x")), []);
  });

  it("tells events of one kind", async () => {
    const kit = fresh();
    const order = await kit.propose(["a", "b"]);
    await kit.submit(await kit.take());
    const kinds = async (kind: string, limit = 10): Promise<string[]> => {
      const found = await kit.store.read((transaction) => kit.orders.events(transaction, order, { kind, limit }));
      return found.map((event) => event.kind);
    };
    assert.deepEqual(await kinds("planned"), ["planned", "planned"]);
    assert.deepEqual(await kinds("planned", 1), ["planned"]);
    assert.deepEqual(await kinds("leased"), ["leased"]);
    assert.deepEqual(await kinds("approved"), []);
  });

  it("knows everybody who ever held a lease on an order", async () => {
    const kit = fresh();
    const order = await kit.propose(["a"]);
    await kit.giveUp(await kit.take(agent("first")));
    await kit.take({ ...agent("second"), onBehalfOf: "bob" });
    const holders = await kit.store.read((transaction) => kit.orders.holders(transaction, order));
    assert.deepEqual(holders, [agent("first"), { ...agent("second"), onBehalfOf: "bob" }]);
  });
}

/** What the events of orders promise. */
export function describeWorkChains(fresh: () => WorkKit): void {
  it("notes what happens in chains that show when an event is altered, taken out or cut off", async () => {
    const kit = fresh();
    const order = await kit.propose(["a"]);
    await kit.submit(await kit.take());
    await kit.store.write((transaction) =>
      kit.orders.note(transaction, order, { ...told("comment"), item: undefined, from: undefined, to: undefined }),
    );
    await kit.store.write((transaction) =>
      kit.orders.note(transaction, order, { ...told("seen"), item: order.items[0], from: undefined, to: undefined }),
    );
    assert.equal(await kit.verify(order), undefined);
    const page = { limit: 100 };
    const events = await kit.store.read((transaction) => kit.orders.events(transaction, order, page));
    assert.deepEqual(new Set(events.map(({ kind }) => kind)), new Set(KINDS));
    const older = await kit.store.read((transaction) =>
      kit.orders.events(transaction, order, { before: events[2]?.id ?? "", limit: 2 }),
    );
    assert.deepEqual(older, events.slice(3, 5));
    const change = (text: string) =>
      kit.store.write((transaction) => transaction.execute({ sqlite: text, postgres: text }, []));
    await assert.rejects(change(`UPDATE work_events SET details = '{"a":1}' WHERE order_id = '${order.id}'`));
    await assert.rejects(change(`DELETE FROM work_events WHERE id = '${events[0]?.id}'`));
    assert.equal(await kit.verify(order), undefined);
    await change(`UPDATE work_orders SET event_number = event_number + 1 WHERE id = '${order.id}'`);
    assert.match((await kit.verify(order)) ?? "", /missing/);
  });
}

const KINDS = ["proposed", "planned", "checked_out", "leased", "submitted", "comment", "seen"];
