import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { systemTimers } from "../../kernel/timers.ts";
import { eventually } from "../../testing/sqlite-fixture.ts";
import { createWorkAgents, workAgent } from "../../testing/work-agents.ts";
import { reap, startReaper } from "./reaper.ts";

/*
 * Attack by neglect: work that waits for a person for longer than a lease lasts is thrown back, done again, or given up by
 * the very thing that cleans up after agents. Waiting for people is a state and has no lease; the reaper looks at leases.
 */
describe("the reaper", () => {
  const agent = workAgent("a");
  const result = { text: "one: a boat" };
  const DAYS = 30 * 86_400_000;

  it("never touches what was submitted, however long it waits", async () => {
    await using agents = await createWorkAgents();
    const order = await agents.kit.propose(["one"]);
    await agents.code("submit", agent, { ...(await agents.take(agent)), result });
    const [before, item] = [await agents.kit.order(order), await agents.kit.item(order.items[0] ?? "")];
    await agents.clock.advance(DAYS);
    assert.equal(await reap({ store: agents.gate.store, leases: agents.parts.leases }), 0);
    assert.equal(await agents.code("checkout", workAgent("b")), "NO_ITEMS_AVAILABLE");
    assert.deepEqual([await agents.kit.order(order), await agents.kit.item(item.id)], [before, item]);
  });

  it("leaves items of an order alone that others of it wait beside", async () => {
    await using agents = await createWorkAgents();
    const order = await agents.kit.propose(["one", "two"]);
    await agents.code("submit", agent, { ...(await agents.take(agent)), result });
    await agents.take(workAgent("dead"));
    await agents.clock.advance(DAYS);
    assert.equal(await reap({ store: agents.gate.store, leases: agents.parts.leases }), 1);
    const states = await Promise.all(order.items.map(async (id) => (await agents.kit.item(id)).state));
    assert.deepEqual(states, ["submitted", "queued"]);
    assert.equal((await agents.kit.order(order)).state, "checked_out");
  });

  it("puts back what dead agents hold by itself, and once however many servers do so", async () => {
    await using agents = await createWorkAgents();
    const orders = await Promise.all(Array.from({ length: 5 }, () => agents.kit.propose(["one"])));
    for (let index = 0; index < 5; index += 1) await agents.take(workAgent(`dead-${index}`));
    const { store, reported } = agents.gate;
    const parts = { store, leases: agents.parts.leases, timers: systemTimers, interval: 5 };
    const report = (error: unknown) => void reported.push(error);
    await using _first = startReaper({ ...parts, report });
    await using _second = startReaper({ ...parts, report });
    await agents.clock.advance(600_000);
    let queued = 0;
    while (queued < 5) {
      await delay(5);
      const found = await Promise.all(orders.map((order) => agents.kit.order(order)));
      queued = found.filter(({ state }) => state === "queued").length;
    }
    for (const order of orders) {
      const events = await store.read((transaction) => agents.kit.orders.events(transaction, order, { limit: 100 }));
      assert.equal(events.filter(({ kind }) => kind === "lease_expired").length, 1);
      assert.equal(await agents.kit.verify(order), undefined);
    }
    assert.deepEqual(reported, []);
  });

  it("goes on after a failure, which it reports", async () => {
    const reported: unknown[] = [];
    let rounds = 0;
    const store = {
      write: () => {
        rounds += 1;
        return rounds === 1 ? Promise.reject(new Error("away")) : Promise.resolve([] as never);
      },
    };
    const leases = { reclaim: async () => [] };
    await using _reaper = startReaper({
      store,
      leases,
      timers: systemTimers,
      interval: 1,
      report: (e) => void reported.push(e),
    });
    await eventually(() => rounds > 2);
    assert.equal(reported.length, 1);
  });
});
