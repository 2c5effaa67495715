import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createWorkAgents, workAgent } from "../../testing/work-agents.ts";

/*
 * Attack: an agent hands in a result that is larger or deeper than anybody can look at, is no JSON, pollutes prototypes, or
 * breaks the store. It is told what is wrong, nothing of it is kept, and the item stays in its hands.
 */
describe("a hostile result", () => {
  const agent = workAgent("a");
  const nested = (depth: number): unknown => JSON.parse(`${"[".repeat(depth)}${"]".repeat(depth)}`);
  const HOSTILE: readonly (readonly [string, unknown, string])[] = [
    ["oversize", { text: `one ${"x".repeat(5000)}` }, "too_large"],
    ["oversize only by its bytes", { text: `one ${"\u{1f6a2}".repeat(1100)}` }, "too_large"],
    ["deep", { text: "one", tags: [nested(80)] }, "VALIDATION_ERROR"],
    ["very deep", { text: "one", tags: [nested(500)] }, "VALIDATION_ERROR"],
    ["of another form", { text: 5 }, "invalid"],
    ["with members nobody asked for", { text: "one", admin: true }, "invalid"],
    ["none", undefined, "VALIDATION_ERROR"],
    ["with a NUL", { text: "one \0" }, "VALIDATION_ERROR"],
    ["with a lone surrogate", { text: "one \ud800" }, "VALIDATION_ERROR"],
    ["with a number that is none", { text: "one", tags: [Number.NaN] }, "VALIDATION_ERROR"],
    ["about something else", { text: "two" }, "not_about_it"],
  ];

  for (const [what, result, code] of HOSTILE) {
    it(`is refused: ${what}`, async () => {
      await using agents = await createWorkAgents();
      const order = await agents.kit.propose(["one"]);
      const shown = await agents.take(agent);
      const outcome = await agents.attempt("submit", agent, { ...shown, result });
      assert.ok(!outcome.ok);
      const errors = outcome.extensions?.["errors"];
      assert.equal(Array.isArray(errors) ? errors[0].code : outcome.problem.code, code);
      assert.deepEqual(agents.gate.reported, []);
      const item = await agents.kit.item(shown.item);
      assert.deepEqual([item.state, item.result], ["leased", undefined]);
      assert.equal(await agents.code("submit", agent, { ...shown, result: { text: "one" } }), "ok");
      assert.equal(await agents.kit.verify(order), undefined);
    });
  }

  it("cannot reach prototypes", async () => {
    await using agents = await createWorkAgents();
    await agents.kit.propose(["one"]);
    const shown = await agents.take(agent);
    const result: unknown = JSON.parse('{"text":"one","__proto__":{"admin":true}}');
    assert.equal(await agents.code("submit", agent, { ...shown, result }), "VALIDATION_ERROR");
  });

  it("keeps text as it was written, right-to-left marks and markup and all, for those who show it to make harmless", async () => {
    await using agents = await createWorkAgents();
    await agents.kit.propose(["one"]);
    const shown = await agents.take(agent);
    const text = "one \u202e<script>alert(1)</script>\u200b";
    assert.equal(await agents.code("submit", agent, { ...shown, result: { text }, notes: text }), "ok");
    const { result, notes } = await agents.kit.item(shown.item);
    assert.deepEqual([JSON.parse(result ?? ""), notes], [{ text }, text]);
  });

  it("is refused where evidence, notes or errors are no text that can be kept, or too long", async () => {
    await using agents = await createWorkAgents();
    await agents.kit.propose(["one"]);
    const shown = await agents.take(agent);
    const result = { text: "one" };
    for (const more of [
      { notes: "\ud800" },
      { notes: "a\0b" },
      { notes: "x".repeat(4001) },
      { evidence: [{ title: "x", url: "javascript" }] },
      { evidence: Array.from({ length: 51 }, () => ({ title: "x" })) },
      { lease: "short" },
      { epoch: 0 },
      { agent_id: "somebody" },
    ]) {
      assert.equal(await agents.code("submit", agent, { ...shown, result, ...more }), "VALIDATION_ERROR");
    }
    const errors = [{ code: "no such\ncode", message: "x" }];
    assert.equal(await agents.code("fail", agent, { ...shown, errors }), "VALIDATION_ERROR");
    assert.equal((await agents.kit.item(shown.item)).state, "leased");
  });

  it("is sealed where the order has a subject, with everything else that an agent says", async () => {
    await using agents = await createWorkAgents();
    const { store } = agents.gate;
    const subject = "guest-1";
    const { id, items } = await agents.kit.propose(["one"], { subject });
    const whose = { tenant: "acme", id, subject };
    await store.write(async (transaction) => {
      const payloads = await agents.parts.payloads.begin(transaction, whose);
      const sealed = (place: readonly [string, ...string[]], text: string) => payloads?.seal(place, text) ?? "";
      const set = "UPDATE work_items SET input = $1 WHERE id = $2";
      await transaction.execute({ sqlite: set.replaceAll("$", "?"), postgres: set }, [
        ...[sealed(["item", "one", "input"], '{"of":"Anna"}'), items[0] ?? ""],
      ]);
      const order = "UPDATE work_orders SET input = $1 WHERE id = $2";
      await transaction.execute({ sqlite: order.replaceAll("$", "?"), postgres: order }, [sealed(["input"], "{}"), id]);
    });
    const [taken] = await agents.checkout(agent);
    assert.deepEqual(taken?.input, { of: "Anna" });
    const { item = "", lease = "", epoch = 0 } = taken ?? {};
    const part = { item, lease, epoch, part: "line", payload: { text: "Anna" } };
    assert.equal(await agents.code("submit-part", agent, part), "ok");
    const errors = [{ code: "no", message: "Anna is not there." }];
    assert.equal(await agents.code("fail", agent, { item, lease, epoch, errors }), "ok");
    await agents.clock.advance(200_000);
    const [again] = await agents.checkout(agent);
    assert.deepEqual(again?.errors, errors);
    const shown = { item, lease: again?.lease, epoch: again?.epoch };
    const submitted = { ...shown, result: { text: "one: Anna" }, notes: "Anna", evidence: [{ title: "Anna" }] };
    assert.equal(await agents.code("submit", agent, submitted), "ok");
    const kept = JSON.stringify([
      await agents.kit.item(item),
      await store.read((transaction) => agents.kit.orders.events(transaction, whose, { limit: 100 })),
      await store.read((transaction) => agents.parts.parts.list(transaction, { tenant: "acme", id: item })),
    ]);
    assert.ok(!kept.includes("Anna"));
  });

  it("is not asked for any more where the subject was erased: the order ends", async () => {
    await using agents = await createWorkAgents();
    const order = await agents.kit.propose(["one"], { subject: "guest-2" });
    const fine = await agents.kit.propose(["two"]);
    const items = await agents.checkout(agent);
    assert.deepEqual(
      items.map((item) => item.order),
      [fine.id],
    );
    const { state, reason } = await agents.kit.order(order);
    assert.deepEqual([state, reason], ["failed", "item_failed"]);
    const [other] = [await agents.kit.propose(["one"], { subject: "guest-2" })];
    assert.deepEqual(await agents.checkout(agent), []);
    assert.equal((await agents.kit.order(other)).state, "failed");
    assert.equal(await agents.code("checkout", agent), "NO_ITEMS_AVAILABLE");
  });
});
