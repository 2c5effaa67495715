import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createWorkAgents, valueOf, workAgent } from "../../testing/work-agents.ts";

/*
 * Attack: an agent that has seen another's lease token (in a log, in a shared prompt, by asking the model) writes under it,
 * or takes the name of its holder. A lease belongs to the principal of the access token, whatever anybody says of itself.
 */
describe("theft of a lease", () => {
  const result = { text: "one: a boat" };
  const WRITES = [
    ["heartbeat", {}],
    ["heartbeat", { progress: { done: 1 } }],
    ["submit", { result }],
    ["submit-part", { part: "line", payload: { text: "one" } }],
    ["list-parts", {}],
    ["finalize", { mode: "best_effort" }],
    ["release", {}],
    ["fail", { errors: [{ code: "no", message: "No." }] }],
  ] as const;

  it("gains nothing by the token of another agent, over any write", async () => {
    await using agents = await createWorkAgents();
    const order = await agents.kit.propose(["one"]);
    const shown = await agents.take(workAgent("victim"));
    for (const [action, more] of WRITES) {
      assert.equal(await agents.code(action, workAgent("thief"), { ...shown, ...more }), "LEASE_LOST", action);
    }
    assert.equal((await agents.kit.item(shown.item)).state, "leased");
    assert.equal((await agents.kit.order(order)).state, "checked_out");
    assert.equal(await agents.code("submit", workAgent("victim"), { ...shown, result }), "ok");
  });

  it("gains nothing by a principal of the same identifier that is of another kind or tenant", async () => {
    await using agents = await createWorkAgents();
    await agents.kit.propose(["one"]);
    const shown = await agents.take(workAgent("victim"));
    for (const thief of [
      { ...workAgent("victim"), type: "client" as const },
      { ...workAgent("victim"), type: "user" as const },
      workAgent("victim", "other"),
    ]) {
      for (const [action, more] of WRITES) {
        assert.equal(await agents.code(action, thief, { ...shown, ...more }), "LEASE_LOST", action);
      }
    }
  });

  // One program works for two people. Ada's lease, shown for Rita, would have Rita hand in what she may then review.
  it("gains nothing by a token that the same program holds for somebody else", async () => {
    await using agents = await createWorkAgents();
    await agents.kit.propose(["one"]);
    const forAda = { ...workAgent("program"), onBehalfOf: "ada" };
    const shown = await agents.take(forAda);
    for (const thief of [{ ...forAda, onBehalfOf: "rita" }, workAgent("program")]) {
      for (const [action, more] of WRITES) {
        assert.equal(await agents.code(action, thief, { ...shown, ...more }), "LEASE_LOST", action);
      }
    }
    assert.equal(await agents.code("list-parts", { ...forAda, onBehalfOf: "rita" }, shown), "LEASE_LOST");
    assert.equal(await agents.code("submit", forAda, { ...shown, result }), "ok");
  });

  it("gains nothing by the name, model and version of the holder in headers", async () => {
    await using agents = await createWorkAgents();
    await agents.kit.propose(["one"]);
    const program = { agent: "captioner", agentVersion: "1.0.0", model: "m" };
    const more = { program };
    const taken = valueOf<{ items: { item: string; lease: string; epoch: number }[] }>(
      await agents.attempt("checkout", workAgent("victim"), {}, { more }),
    );
    const { item = "", lease = "", epoch = 0 } = taken.items[0] ?? {};
    const outcome = await agents.code("submit", workAgent("thief"), { item, lease, epoch, result }, { more });
    assert.equal(outcome, "LEASE_LOST");
  });

  it("gains nothing by guessing, and learns not even whether there is such an item", async () => {
    await using agents = await createWorkAgents();
    await agents.kit.propose(["one"]);
    const shown = await agents.take(workAgent("victim"));
    const guessed = { ...shown, lease: "A".repeat(43) };
    const nowhere = { ...guessed, item: agents.gate.ids.next() };
    for (const [action, more] of WRITES) {
      assert.equal(await agents.code(action, workAgent("victim"), { ...guessed, ...more }), "LEASE_LOST", action);
      const answers = [guessed, nowhere].map((input) =>
        agents.attempt(action, workAgent("thief"), { ...input, ...more }),
      );
      const [there, absent] = await Promise.all(answers);
      assert.ok(there?.ok === false && absent?.ok === false);
      assert.deepEqual({ ...there, limits: [] }, { ...absent, limits: [] });
    }
  });

  it("finds no token in the store, nor in events or the audit trail", async () => {
    await using agents = await createWorkAgents();
    const order = await agents.kit.propose(["one"]);
    const shown = await agents.take(workAgent("victim"));
    await agents.code("heartbeat", workAgent("victim"), { ...shown, progress: { done: 1 } });
    const events = await agents.gate.store.read((transaction) =>
      agents.kit.orders.events(transaction, order, { limit: 100 }),
    );
    const kept = JSON.stringify([events, agents.gate.events, await agents.gate.auditRows()]);
    assert.ok(kept.includes(shown.item) && !kept.includes(shown.lease));
  });

  it("needs the scope for executing, and stays within the tenant", async () => {
    await using agents = await createWorkAgents();
    await agents.kit.propose(["one"]);
    const reader = workAgent("reader", "acme", ["work:read", "work:propose", "work:review"]);
    assert.equal(await agents.code("checkout", reader), "PERMISSION_DENIED");
    assert.equal(await agents.code("checkout", workAgent("a", "other")), "NO_ITEMS_AVAILABLE");
  });
});
