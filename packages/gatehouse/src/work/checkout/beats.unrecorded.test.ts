import assert from "node:assert/strict";
import { it } from "node:test";
import { createWorkAgents, workAgent } from "../../testing/work-agents.ts";

/*
 * Attack: an agent beats as fast as it may, to fill the trail with rows until nobody finds anything in it. Beats that are
 * taken leave the newest one in the lease and nothing else; those that are refused are in the trail.
 */
it("beats leave no rows in the trail unless they are refused", async () => {
  await using agents = await createWorkAgents();
  const order = await agents.kit.propose(["one"]);
  const agent = workAgent("a");
  const shown = await agents.take(agent);
  const before = (await agents.gate.auditRows()).length;
  for (let done = 0; done < 5; done += 1) {
    assert.equal(await agents.code("heartbeat", agent, { ...shown, progress: { done } }), "ok");
  }
  assert.equal((await agents.gate.auditRows()).length, before);
  const [lease] = await agents.gate.store.read((transaction) => agents.kit.leases.list(transaction, order));
  assert.equal(lease?.progress, '{"done":4}');
  assert.equal(await agents.code("heartbeat", workAgent("thief"), shown), "LEASE_LOST");
  const told = agents.gate.events.filter(({ action }) => action === "work.heartbeat");
  assert.deepEqual(
    told.map(({ actor, problem }) => [actor.id, problem]),
    [["thief", "LEASE_LOST"]],
  );
});
