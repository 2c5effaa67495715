import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createWorkAgents, valueOf, workAgent } from "../../testing/work-agents.ts";

/*
 * Attack: an agent hands in parts without end, larger than any need be, under names and numbers of its own invention, to
 * fill the store or to have the newest mistaken. Parts are counted and measured in the transaction that keeps them.
 */
describe("a flood of parts", () => {
  const agent = workAgent("a");

  it("ends at as many as the type allows, also when they come at once", async () => {
    await using agents = await createWorkAgents();
    await agents.kit.propose(["one"]);
    const shown = await agents.take(agent);
    const sent = Array.from({ length: 32 }, (_, seq) =>
      agents.code("submit-part", agent, { ...shown, part: "line", seq, payload: { text: `${seq}` } }),
    );
    const codes = await Promise.all(sent);
    assert.equal(codes.filter((code) => code === "ok").length, 4);
    assert.equal(codes.filter((code) => code === "WORK_SUBMISSION_REFUSED").length, 28);
    const listed = valueOf<{ parts: unknown[] }>(await agents.attempt("list-parts", agent, shown));
    assert.equal(listed.parts.length, 4);
  });

  it("is refused where a part is too large, too deep, of no known name or not as its schema says", async () => {
    await using agents = await createWorkAgents();
    await agents.kit.propose(["one"]);
    const shown = await agents.take(agent);
    const deep: unknown = JSON.parse(`${"[".repeat(100)}${"]".repeat(100)}`);
    const refused = async (more: object): Promise<unknown> => {
      const outcome = await agents.attempt("submit-part", agent, { ...shown, part: "line", seq: 0, ...more });
      assert.ok(!outcome.ok);
      const errors = outcome.extensions?.["errors"];
      return Array.isArray(errors) ? errors[0].code : outcome.problem.code;
    };
    assert.equal(await refused({ payload: { text: "x".repeat(1024) } }), "too_large");
    assert.equal(await refused({ payload: { text: "x", deep } }), "VALIDATION_ERROR");
    assert.equal(await refused({ payload: { text: 5 } }), "invalid");
    assert.equal(await refused({ payload: undefined }), "VALIDATION_ERROR");
    for (const part of ["page", "__proto__", "constructor", "toString"]) {
      assert.equal(await refused({ part, payload: "x" }), "part_unknown");
    }
    for (const more of [{ seq: null }, { seq: -1 }, { seq: 1.5 }, { part: "" }, { part: "x".repeat(121) }]) {
      assert.equal(await refused({ payload: { text: "x" }, ...more }), "VALIDATION_ERROR");
    }
    const listed = valueOf<{ parts: unknown[] }>(await agents.attempt("list-parts", agent, shown));
    assert.deepEqual(listed.parts, []);
    assert.equal((await agents.kit.item(shown.item)).state, "leased");
  });

  it("leaves the newest of a name and number as the only one, and results are made of these", async () => {
    await using agents = await createWorkAgents();
    const order = await agents.kit.propose(["one"]);
    const shown = await agents.take(agent);
    for (const [seq, text] of [
      [1, "two"],
      [0, "old"],
      [0, "one"],
    ] as const) {
      await agents.attempt("submit-part", agent, { ...shown, part: "line", seq, payload: { text } });
    }
    const finalized = await agents.attempt("finalize", agent, { ...shown, mode: "strict" });
    assert.deepEqual(valueOf(finalized), {
      ...{ item: shown.item, state: "submitted", order: order.id, order_state: "submitted" },
    });
    assert.equal((await agents.kit.item(shown.item)).result, '{"text":"one\\ntwo"}');
  });

  it("makes no result where a required part is missing, unless the agent says that it will not come", async () => {
    await using agents = await createWorkAgents();
    await agents.kit.propose(["one"]);
    const shown = await agents.take(agent);
    await agents.attempt("submit-part", agent, { ...shown, part: "tag", payload: "boat" });
    const strict = await agents.attempt("finalize", agent, shown);
    assert.ok(!strict.ok);
    assert.deepEqual(strict.extensions?.["errors"], [{ code: "part_missing", message: "The part line is missing." }]);
    assert.equal(await agents.code("finalize", agent, { ...shown, mode: "best_effort" }), "WORK_SUBMISSION_REFUSED");
    await agents.attempt("submit-part", agent, { ...shown, part: "line", payload: { text: "one" } });
    assert.equal(await agents.code("finalize", agent, shown), "ok");
  });

  it("is there for whoever has the item next", async () => {
    await using agents = await createWorkAgents();
    await agents.kit.propose(["one"]);
    const first = await agents.take(agent);
    await agents.attempt("submit-part", agent, { ...first, part: "line", payload: { text: "one" } });
    await agents.clock.advance(600_001);
    const next = await agents.take(workAgent("b"));
    const listed = valueOf<{ parts: { payload: unknown }[] }>(await agents.attempt("list-parts", workAgent("b"), next));
    assert.deepEqual(
      listed.parts.map(({ payload }) => payload),
      [{ text: "one" }],
    );
  });
});
