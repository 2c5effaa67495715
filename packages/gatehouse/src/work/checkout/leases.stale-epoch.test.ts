import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createWorkAgents, workAgent } from "../../testing/work-agents.ts";

/*
 * Attack: an agent that was stopped for longer than its lease wakes up and writes as if nothing had happened, or a second
 * process of the same agent does. What it holds has an epoch by then that is not the item's any more.
 */
describe("writes under a lease that has ended", () => {
  const result = { text: "one: a boat" };
  const part = { part: "line", payload: { text: "one" } };
  const errors = [{ code: "no", message: "No." }];
  const WRITES = [
    ["heartbeat", {}],
    ["heartbeat", { progress: { done: 1 } }],
    ["submit", { result }],
    ["submit-part", part],
    ["list-parts", {}],
    ["finalize", { mode: "best_effort" }],
    ["release", {}],
    ["fail", { errors }],
    ["fail", { errors, retry: false }],
  ] as const;

  for (const [who, second] of [
    ["another agent", workAgent("second")],
    ["the same agent in another process", workAgent("first")],
  ] as const) {
    it(`change nothing of an item that ${who} has now`, async () => {
      await using agents = await createWorkAgents();
      const order = await agents.kit.propose(["one"]);
      const stale = await agents.take(workAgent("first"));
      await agents.code("submit-part", workAgent("first"), { ...stale, ...part });
      await agents.clock.advance(600_001);
      const current = await agents.take(second);
      assert.deepEqual([current.item, current.epoch], [stale.item, 2]);
      const before = await agents.kit.item(stale.item);
      for (const [action, more] of WRITES) {
        assert.equal(await agents.code(action, workAgent("first"), { ...stale, ...more }), "LEASE_LOST", action);
        const mixed = { ...stale, epoch: current.epoch, ...more };
        assert.equal(
          await agents.code(action, workAgent("first"), mixed),
          "LEASE_LOST",
          `${action} with the new epoch`,
        );
      }
      assert.deepEqual(await agents.kit.item(stale.item), before);
      assert.equal(await agents.code("submit", second, { ...current, result }), "ok");
      assert.equal(await agents.code("submit", workAgent("first"), { ...stale, result }), "LEASE_LOST");
      assert.equal(await agents.kit.verify(order), undefined);
      assert.equal(agents.submitted.length, 1);
    });
  }

  it("change nothing once the lease has run out, although nobody else has come yet", async () => {
    await using agents = await createWorkAgents();
    const order = await agents.kit.propose(["one"]);
    const shown = await agents.take(workAgent("first"));
    await agents.clock.advance(600_000);
    for (const [action, more] of WRITES) {
      assert.equal(await agents.code(action, workAgent("first"), { ...shown, ...more }), "LEASE_EXPIRED", action);
    }
    assert.deepEqual(
      (await agents.kit.reclaim()).map(({ id }) => id),
      [shown.item],
    );
    for (const [action, more] of WRITES) {
      assert.equal(await agents.code(action, workAgent("first"), { ...shown, ...more }), "LEASE_LOST", action);
    }
    assert.equal((await agents.kit.order(order)).state, "queued");
  });

  it("cannot hold an item for ever, however often they beat", async () => {
    await using agents = await createWorkAgents({ limits: { hold: 1_500_000 } });
    await agents.kit.propose(["one"]);
    const shown = await agents.take(workAgent("first"));
    const ends: string[] = [];
    for (let beat = 0; beat < 4; beat += 1) {
      await agents.clock.advance(500_000);
      ends.push(await agents.code("heartbeat", workAgent("first"), shown));
    }
    assert.deepEqual(ends, ["ok", "ok", "LEASE_EXPIRED", "LEASE_EXPIRED"]);
  });

  it("are answered as before where they are repeated under the key of a write that was taken", async () => {
    await using agents = await createWorkAgents();
    await agents.kit.propose(["one"]);
    const shown = await agents.take(workAgent("first"));
    const submit = () => agents.attempt("submit", workAgent("first"), { ...shown, result }, { key: "the-same" });
    const [first, again] = [await submit(), await submit()];
    assert.ok(first.ok && again.ok && again.idempotency?.cached === true);
    assert.deepEqual(again.value, first.value);
    assert.equal(agents.submitted.length, 1);
  });
});
