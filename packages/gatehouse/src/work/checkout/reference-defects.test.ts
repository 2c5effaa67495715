import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { captionType, createWorkAgents, valueOf, workAgent } from "../../testing/work-agents.ts";

/*
 * What is wrong with the project that work orders are taken from, each as an attack or an accident that shows it. Letters
 * are those of the list that was made of its source; what concerns approvals is tried where approvals are.
 */
describe("defects of the source project", () => {
  const agent = workAgent("a");
  const result = { text: "one: a boat" };
  const part = { part: "line", payload: { text: "one" } };

  it("(a) a heartbeat, a release or a look at parts without permission", async () => {
    await using agents = await createWorkAgents();
    await agents.kit.propose(["one"]);
    const shown = await agents.take(agent);
    const reader = workAgent("a", "acme", ["work:read", "work:propose"]);
    for (const action of ["heartbeat", "release", "list-parts"]) {
      assert.equal(await agents.code(action, reader, shown), "PERMISSION_DENIED", action);
    }
  });

  it("(b) an agent that says that it is another one", async () => {
    await using agents = await createWorkAgents();
    await agents.kit.propose(["one"]);
    const shown = await agents.take(agent);
    for (const more of [{ agent_id: "a" }, { agentId: "a" }, { holder: "a" }]) {
      assert.equal(await agents.code("release", workAgent("b"), { ...shown, ...more }), "VALIDATION_ERROR");
    }
    const named = { more: { program: { agent: "a" } } };
    assert.equal(await agents.code("release", workAgent("b"), shown, named), "LEASE_LOST");
  });

  it("(c) two processes of one agent that share a lease", async () => {
    await using agents = await createWorkAgents();
    await agents.kit.propose(["one"]);
    const first = await agents.take(agent);
    assert.equal(await agents.code("checkout", agent), "NO_ITEMS_AVAILABLE");
    await agents.clock.advance(600_001);
    const second = await agents.take(agent);
    assert.equal(await agents.code("submit", agent, { ...first, result }), "LEASE_LOST");
    assert.equal(await agents.code("submit", agent, { ...second, result }), "ok");
  });

  it("(d) submitted work that is thrown back because nobody has looked at it in time", async () => {
    await using agents = await createWorkAgents();
    const order = await agents.kit.propose(["one"]);
    await agents.code("submit", agent, { ...(await agents.take(agent)), result });
    await agents.clock.advance(48 * 3_600_000);
    assert.equal((await agents.kit.reclaim()).length, 0);
    assert.equal((await agents.kit.order(order)).state, "submitted");
  });

  it("(e) rework that the table of states forbids", async () => {
    await using agents = await createWorkAgents();
    const order = await agents.kit.propose(["one"]);
    await agents.code("submit", agent, { ...(await agents.take(agent)), result });
    await agents.kit.change(order, { state: "queued", reason: "rework" }, { from: ["submitted"], to: "queued" });
    assert.equal(await agents.code("submit", agent, { ...(await agents.take(agent)), result }), "ok");
  });

  it("(g) a result that is finalised or submitted without a lease, or twice", async () => {
    await using agents = await createWorkAgents();
    await agents.kit.propose(["one"]);
    const shown = await agents.take(agent);
    await agents.code("submit-part", agent, { ...shown, ...part });
    for (const lost of [{ lease: "A".repeat(43) }, { epoch: 7 }]) {
      assert.equal(await agents.code("finalize", agent, { ...shown, ...lost }), "LEASE_LOST");
      assert.equal(await agents.code("submit", agent, { ...shown, result, ...lost }), "LEASE_LOST");
    }
    const twice = await Promise.all([0, 1].map(() => agents.code("finalize", agent, shown)));
    assert.deepEqual(twice.toSorted(), ["LEASE_LOST", "ok"]);
    assert.equal(await agents.code("submit", agent, { ...shown, result }), "LEASE_LOST");
  });

  it("(h) a key that is noted after the effect, and fails where names are long", async () => {
    const long = "x".repeat(120);
    const types = [{ ...captionType, parts: { schemas: { [long]: captionType.result }, assemble: () => result } }];
    await using agents = await createWorkAgents({ types });
    await agents.kit.propose(["one"]);
    const shown = await agents.take(agent);
    const input = { ...shown, part: long, payload: { text: "one" } };
    const same = { key: "k".repeat(64) };
    const sent = await Promise.all([0, 1, 2].map(() => agents.attempt("submit-part", agent, input, same)));
    for (const outcome of sent) assert.equal(valueOf<{ revision: number }>(outcome).revision, 1);
    const other = await agents.attempt("submit-part", agent, { ...input, seq: 1 }, same);
    assert.ok(!other.ok);
    assert.equal(
      await agents.code("submit", agent, { ...shown, result }, { more: {}, key: "" }),
      "IDEMPOTENCY_KEY_INVALID",
    );
  });

  it("(i) limits and backoff that are written down and not kept", async () => {
    await using agents = await createWorkAgents();
    await agents.kit.propose(["one"], { attempts: 2 });
    const errors = [{ code: "no", message: "No." }];
    const failed = valueOf<{ state: string; retry_at: number }>(
      await agents.attempt("fail", agent, { ...(await agents.take(agent)), errors }),
    );
    const wait = failed.retry_at - agents.clock.now();
    assert.ok(failed.state === "queued" && wait >= 60_000 && wait <= 80_000);
    assert.equal(await agents.code("checkout", agent), "NO_ITEMS_AVAILABLE");
    await agents.clock.advance(wait);
    const last = valueOf<{ state: string }>(
      await agents.attempt("fail", agent, { ...(await agents.take(agent)), errors }),
    );
    assert.equal(last.state, "failed");
  });

  it("(l) a newest part that is whichever has the largest random number, and numbers that are none", async () => {
    await using agents = await createWorkAgents();
    await agents.kit.propose(["one"]);
    const shown = await agents.take(agent);
    for (const text of ["old", "older", "one"]) {
      await agents.code("submit-part", agent, { ...shown, part: "line", payload: { text } });
    }
    assert.equal(await agents.code("submit-part", agent, { ...shown, ...part, seq: null }), "VALIDATION_ERROR");
    const { parts } = valueOf<{ parts: { seq: number; revision: number; payload: unknown }[] }>(
      await agents.attempt("list-parts", agent, shown),
    );
    assert.deepEqual(
      parts.map(({ seq, revision, payload }) => [seq, revision, payload]),
      [[0, 3, { text: "one" }]],
    );
  });

  it("(m) agents that ask at once and are all shown the same item", async () => {
    await using agents = await createWorkAgents();
    await Promise.all(Array.from({ length: 8 }, () => agents.kit.propose(["one"])));
    const asked = await Promise.all(
      Array.from({ length: 8 }, (_, index) => agents.checkout(workAgent(`agent-${index}`))),
    );
    assert.equal(new Set(asked.flat().map(({ item }) => item)).size, 8);
  });

  it("(n) states that nothing ever reaches", async () => {
    await using agents = await createWorkAgents();
    const order = await agents.kit.propose(["one"]);
    const seen = async () => [
      (await agents.kit.order(order)).state,
      (await agents.kit.item(order.items[0] ?? "")).state,
    ];
    const states = [await seen()];
    const shown = await agents.take(agent);
    states.push(await seen());
    await agents.code("heartbeat", agent, { ...shown, progress: { done: 1, total: 2 } });
    states.push(await seen());
    await agents.code("fail", agent, { ...shown, errors: [{ code: "no", message: "No." }], retry: false });
    states.push(await seen());
    assert.deepEqual(states, [
      ["queued", "queued"],
      ["checked_out", "leased"],
      ["in_progress", "in_progress"],
      ["failed", "failed"],
    ]);
  });

  it("(o) an agent that is not told what was wrong, because that was rolled back", async () => {
    await using agents = await createWorkAgents();
    await agents.kit.propose(["one"]);
    const shown = await agents.take(agent);
    const refused = await agents.attempt("submit", agent, { ...shown, result: { text: "something else" } });
    assert.ok(!refused.ok);
    assert.equal(refused.problem.code, "WORK_SUBMISSION_REFUSED");
    assert.deepEqual(refused.extensions?.["errors"], [
      { code: "not_about_it", message: "It does not name the photo.", field: "/text" },
    ]);
    assert.ok(JSON.stringify(agents.gate.events).includes("not_about_it"));
    assert.equal(await agents.code("submit", agent, { ...shown, result }), "ok");
  });

  it("(q) a cap that is counted first and broken afterwards", async () => {
    await using agents = await createWorkAgents({ limits: { leasesPerAgent: 2 } });
    await Promise.all(Array.from({ length: 8 }, () => agents.kit.propose(["one"])));
    const answers = await Promise.all(Array.from({ length: 8 }, () => agents.code("checkout", agent)));
    assert.deepEqual(answers.toSorted(), [...Array.from({ length: 6 }, () => "WORK_CAPPED"), "ok", "ok"]);
    assert.equal((await agents.checkout(workAgent("b"), { count: 5 })).length, 2);
  });
});
