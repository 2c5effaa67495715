import assert from "node:assert/strict";
import { it } from "node:test";
import { ADA, AGENT, RITA, SAM } from "../../testing/review-kit-people.ts";
import { describeReviewEngines } from "../../testing/review-engines.ts";
import { renamingType } from "../../testing/review-kit-things.ts";

const KEY = { tenant: "acme" };

await describeReviewEngines("an order", (open) => {
  it("goes from its proposal to what was approved, and tells all of it", async () => {
    await using kit = await open();
    await kit.setThing("a", { name: "old", secret: "s" });
    const order = await kit.propose({ things: ["a", "b"], letter: "done" });
    assert.equal((await kit.find(order)).state, "queued");
    await kit.work(order, { a: "new a", b: "new b" });
    assert.equal((await kit.find(order)).state, "submitted");
    await kit.run();
    const seen = await kit.preview(order);
    assert.deepEqual(seen["counts"], { create: 1, update: 1, delete: 0, invoke: 1 });
    assert.deepEqual(seen["approvals"], { standing: 0, needed: 1, step_up: false });
    assert.deepEqual(await kit.thing("a"), { name: "old", secret: "s" }, "a preview changes nothing");
    assert.equal(await kit.thing("b"), undefined);
    const { revision, digest } = seen;
    const approved = await kit.done("work.approve", { order, revision, digest, notes: "fine" }, RITA);
    assert.deepEqual(approved, {
      ...{ order, type: "things.rename", state: "approved", reason: "", revision: 1 },
      ...{ decision: "approve", digest, approvals: 1, needed: 1 },
    });
    await kit.run();
    assert.equal((await kit.find(order)).state, "completed");
    assert.deepEqual(await kit.thing("a"), { name: "new a", secret: "s" });
    assert.deepEqual(await kit.thing("b"), { name: "new b", secret: "" });
    assert.deepEqual(kit.letters, [{ key: `${order}:1:3`, text: "done" }]);
    assert.deepEqual(
      (await kit.items(order)).map(({ state }) => state),
      ["completed", "completed"],
    );
    const told = await kit.events(order);
    for (const kind of ["proposed", "previewed", "approved", "applied", "completed", "effect_done"])
      assert.ok(told.includes(kind), `${kind} of ${told.join(" ")}`);
    const verified = await kit.store.read((reading) => kit.parts.orders.verify(reading, { ...KEY, id: order }));
    assert.equal(verified, undefined);
    const rows = (await kit.kit.auditRows()).filter(({ target }) => target === order);
    const names = rows.map(({ name }) => name).toReversed();
    assert.deepEqual(names, ["work_proposed", "work_plan_made", "work_reviewed", "work_applied"]);
    assert.deepEqual(rows[0]?.context, { outcome: "applied", revision: 1, digest, approvedBy: "rita" });
    assert.deepEqual(kit.kit.reported, []);
  });

  it("without items is planned at once", async () => {
    await using kit = await open();
    const order = await kit.propose({ letter: "only this" });
    assert.equal((await kit.find(order)).state, "submitted");
    await kit.run();
    const { revision, digest } = await kit.preview(order);
    await kit.done("work.approve", { order, revision, digest }, RITA);
    await kit.run();
    assert.deepEqual(kit.letters, [{ key: `${order}:1:1`, text: "only this" }]);
  });

  it("of no type, with an input that does not conform, or without a key is refused", async () => {
    await using kit = await open();
    assert.equal(await kit.denied("work.propose", { type: "no.such", input: {} }, AGENT), "WORK_TYPE_UNKNOWN");
    const outcome = await kit.attempt(
      "work.propose",
      { type: "things.rename", input: { things: [1], more: 2 } },
      AGENT,
    );
    assert.ok(!outcome.ok && outcome.problem.code === "VALIDATION_ERROR");
    assert.deepEqual(
      outcome.violations?.map(({ pointer }) => pointer),
      ["/input/things/0", "/input"],
    );
    const keyless = await kit.kit.attempt(
      "work.propose",
      { type: "things.rename", input: { things: [] } },
      { as: AGENT },
    );
    assert.ok(!keyless.ok && keyless.problem.code === "IDEMPOTENCY_KEY_REQUIRED");
  });

  it("with an input that no store can keep is refused, and so are such words", async () => {
    await using kit = await open();
    let deep: unknown = "x";
    for (let depth = 0; depth < 100; depth += 1) deep = [deep];
    for (const hostile of ["\ud800", "a\0b", deep, Number.NaN, undefined]) {
      const input = { things: [], letter: hostile };
      const whole = hostile === undefined ? undefined : input;
      assert.equal(
        await kit.denied("work.propose", { type: "things.rename", input: whole }, AGENT),
        "VALIDATION_ERROR",
      );
    }
    const order = await kit.propose({ letter: "\u202etxet" });
    for (const text of ["\ud800", "a\0b", " ", "x".repeat(4001)])
      assert.equal(await kit.denied("work.comment", { order, text }, AGENT), "VALIDATION_ERROR");
    assert.deepEqual(kit.kit.reported, []);
  });

  it("is proposed once under one key", async () => {
    await using kit = await open();
    const propose = () =>
      kit.attempt("work.propose", { type: "things.rename", input: { things: ["a"] } }, AGENT, { key: "once" });
    const [first, second] = await Promise.all([propose(), propose()]);
    assert.ok(first.ok && second.ok);
    assert.deepEqual(first.value, second.value);
    const all = await kit.store.read((reading) => kit.parts.orders.list(reading, "acme", { filter: {}, limit: 10 }));
    assert.equal(all.length, 1);
  });

  it("is rejected, and put to work again by an operator alone", async () => {
    await using kit = await open();
    const seen = await kit.planned();
    const errors = [{ code: "wrong", message: "That is not its name." }];
    const rejected = await kit.done("work.reject", { ...seen, errors }, RITA);
    assert.deepEqual([rejected["state"], rejected["decision"]], ["rejected", "reject"]);
    assert.deepEqual(
      (await kit.items(seen.order)).map(({ state }) => state),
      ["rejected"],
    );
    assert.equal(await kit.denied("work.requeue", { order: seen.order }, AGENT), "PERMISSION_DENIED");
    assert.ok(
      (await kit.find(seen.order)).closedAt !== undefined,
      "the history takes it unless somebody wants it back",
    );
    await kit.done("work.requeue", { order: seen.order }, ADA);
    assert.equal((await kit.find(seen.order)).closedAt, undefined);
    await kit.work(seen.order, { a: "right" });
    await kit.run();
    const again = await kit.preview(seen.order);
    assert.equal(again.revision, 2);
    await kit.done("work.approve", { order: seen.order, revision: 2, digest: again.digest }, SAM);
    await kit.run();
    assert.deepEqual(await kit.thing("a"), { name: "right", secret: "" });
  });

  it("is sent back for rework with notes, for some of its items", async () => {
    await using kit = await open();
    const seen = await kit.planned({ things: ["a", "b"] }, { a: "one", b: "two" });
    const errors = [{ code: "vague", message: "Say which one.", field: "/name" }];
    const reworked = await kit.done("work.reject", { ...seen, errors, allow_rework: true, items: ["b"] }, RITA);
    assert.equal(reworked["state"], "queued");
    const items = await kit.items(seen.order);
    assert.deepEqual(
      items.map(({ key, state, attempt, errors: told }) => [key, state, attempt, told === undefined]),
      [
        ["a", "submitted", 1, true],
        ["b", "queued", 0, false],
      ],
    );
    assert.deepEqual(JSON.parse(items[1]?.errors ?? ""), errors);
    assert.equal(await kit.denied("work.approve", seen, SAM), "WORK_STATE_CONFLICT");
    await kit.work(seen.order, { b: "the second" });
    await kit.run();
    const again = await kit.preview(seen.order);
    assert.equal(await kit.denied("work.approve", seen, SAM), "PLAN_DIGEST_MISMATCH");
    await kit.done("work.approve", { order: seen.order, revision: again.revision, digest: again.digest }, SAM);
    await kit.run();
    assert.equal((await kit.thing("a"))?.name, "one");
    assert.equal((await kit.thing("b"))?.name, "the second");
  });

  it("without a plan says what to wait for, or where it says why there is none", async () => {
    await using kit = await open({ type: renamingType([], { resources: [] }) });
    const whyNot = async (order: string): Promise<string | undefined> => {
      const outcome = await kit.attempt("work.preview", { order }, RITA);
      return outcome.ok ? undefined : outcome.detail;
    };
    const order = await kit.propose({ things: ["a"] });
    assert.match((await whyNot(order)) ?? "", /the order is queued, and one is made once all its items are submitted/);
    await kit.work(order, {});
    assert.equal(await whyNot(order), "There is no plan yet; it is made in a moment.");
    await kit.run();
    assert.match((await whyNot(order)) ?? "", /No plan could be made of it.*work\.logs/);
  });

  it("is cancelled by who has proposed it or administers, and nobody else learns that it is there", async () => {
    await using kit = await open();
    const order = await kit.propose({ things: ["a"] });
    assert.equal(await kit.denied("work.cancel", { order }, { ...AGENT, id: "other" }), "WORK_ORDER_UNKNOWN");
    assert.equal(
      await kit.denied("work.comment", { order, text: "?" }, { ...AGENT, id: "other" }),
      "WORK_ORDER_UNKNOWN",
    );
    await kit.done("work.comment", { order, text: "not needed any more" }, AGENT);
    await kit.done("work.cancel", { order, reason: "changed my mind" }, AGENT);
    assert.equal((await kit.find(order)).state, "cancelled");
    assert.deepEqual(
      (await kit.items(order)).map(({ state }) => state),
      ["cancelled"],
    );
    assert.equal(await kit.denied("work.cancel", { order }, AGENT), "WORK_STATE_CONFLICT");
    const approved = await kit.planned();
    await kit.done("work.approve", approved, RITA);
    await kit.done("work.cancel", { order: approved.order }, ADA);
    await kit.run();
    assert.equal(await kit.thing("a"), undefined, "what was approved and then cancelled is not applied");
    assert.deepEqual(kit.kit.reported, []);
  });

  it("is stopped with its type, agent or tenant, and goes on when that is lifted", async () => {
    await using kit = await open();
    for (const [kind, name] of [
      ["type", "things.rename"],
      ["agent", "agent"],
      ["tenant", ""],
    ] as const) {
      const seen = await kit.planned({ things: [kind] }, {});
      await kit.done("work.approve", seen, RITA);
      await kit.done("work.pause", { kind, name, reason: "look into it" }, ADA);
      const { pauses } = await kit.done<{ readonly pauses: readonly { readonly kind: string }[] }>(
        "work.pauses",
        {},
        ADA,
      );
      assert.deepEqual(
        pauses.map((pause) => pause.kind),
        [kind],
      );
      await kit.run();
      assert.equal((await kit.find(seen.order)).state, "approved");
      await kit.done("work.resume", { kind, name }, ADA);
      assert.equal(await kit.denied("work.resume", { kind, name }, ADA), "NOT_FOUND");
      await kit.pass(15_000);
      await kit.run();
      assert.equal((await kit.find(seen.order)).state, "completed");
    }
    const wrong = { kind: "tenant", name: "other", reason: "x" };
    assert.equal(await kit.denied("work.pause", wrong, ADA), "VALIDATION_ERROR");
  });
});
