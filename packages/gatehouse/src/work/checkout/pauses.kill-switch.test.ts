import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createWorkPauses } from "../../store/sql/work/pauses.ts";
import { createWorkAgents, valueOf, workAgent } from "../../testing/work-agents.ts";

/*
 * Attack: an agent that has been stopped by an operator goes on with what it holds. A pause is asked for in the transaction
 * of every write, and those who hold something hear of it with their next beat.
 */
describe("an agent that was stopped", () => {
  it("takes nothing, hands in nothing, and is told so; others go on", async () => {
    await using agents = await createWorkAgents();
    await agents.kit.propose(["one"]);
    await agents.kit.propose(["two"]);
    const wild = workAgent("wild");
    const shown = await agents.take(wild);
    const pauses = createWorkPauses();
    const pause = { tenant: "acme", kind: "agent", name: "wild", reason: "It runs wild.", pausedBy: "ada" } as const;
    await agents.gate.store.write((transaction) => pauses.add(transaction, pause));
    for (const [action, more] of [
      ["submit", { result: { text: "one" } }],
      ["submit-part", { part: "line", payload: { text: "one" } }],
      ["fail", { errors: [{ code: "no", message: "No." }] }],
      ["checkout", undefined],
    ] as const) {
      const input = more === undefined ? {} : { ...shown, ...more };
      assert.equal(await agents.code(action, wild, input), "WORK_PAUSED", action);
    }
    const beat = valueOf<{ cancel_requested: boolean }>(await agents.attempt("heartbeat", wild, shown));
    assert.equal(beat.cancel_requested, true);
    assert.equal((await agents.checkout(workAgent("tame"))).length, 1);
    assert.equal(await agents.code("release", wild, shown), "ok");
    await agents.gate.store.write((transaction) => pauses.lift(transaction, pause));
    const again = await agents.take(wild);
    assert.equal(await agents.code("submit", wild, { ...again, result: { text: "one" } }), "ok");
  });
});

describe("waiting for something to do", () => {
  const agent = workAgent("a");

  it("ends once there is something", async () => {
    await using agents = await createWorkAgents();
    const waiting = agents.checkout(agent, { wait_ms: 25_000 });
    await agents.kit.propose(["one"]);
    assert.equal((await waiting).length, 1);
  });

  it("ends with its time, and when nobody waits any more", async () => {
    await using agents = await createWorkAgents();
    assert.equal(await agents.code("checkout", agent, { wait_ms: 300 }), "NO_ITEMS_AVAILABLE");
    const left = new AbortController();
    const waiting = agents.code("checkout", agent, { wait_ms: 25_000 }, { more: { signal: left.signal } });
    left.abort();
    assert.equal(await waiting, "NO_ITEMS_AVAILABLE");
  });
});
