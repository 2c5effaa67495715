import assert from "node:assert/strict";
import { it } from "node:test";
import { ADA, AGENT, OTHER_AGENT, RITA, SAM, worker } from "../../testing/review-kit-people.ts";
import { describeReviewEngines } from "../../testing/review-engines.ts";
import type { ReviewKit } from "../../testing/review-kit.ts";

interface Examined {
  readonly erased: boolean;
  readonly title: string;
  readonly input?: unknown;
  readonly plan?: { readonly drift: readonly unknown[]; readonly changes: readonly { readonly before: unknown }[] };
  readonly items: readonly { readonly key: string; readonly result?: unknown; readonly findings?: readonly object[] }[];
  readonly next?: number;
  readonly standing: Readonly<Record<string, unknown>>;
  readonly events: readonly { readonly kind: string; readonly details: Readonly<Record<string, unknown>> }[];
}

/*
 * A program that proposes would like to see what reviewers see, of its own orders and those of others, and to look behind
 * masks; a reviewer of one tenant would like to see orders of another. And whoever looks would like nobody to know.
 */
await describeReviewEngines("the desk of reviewers", (open) => {
  const examine = (kit: ReviewKit, order: string, more: object = {}, as = RITA): Promise<Examined> =>
    kit.done<Examined>("work.examine", { order, ...more }, as);

  it("is closed to whoever does not review, agents and administrators alike", async () => {
    await using kit = await open();
    const { order } = await kit.planned({ things: ["a"] }, { a: "b" });
    for (const somebody of [AGENT, OTHER_AGENT, ADA]) {
      assert.equal(await kit.denied("work.examine", { order }, somebody), "PERMISSION_DENIED");
      const wish = { order, reason: "curious" };
      assert.equal(await kit.denied("work.reveal-payloads", wish, somebody), "PERMISSION_DENIED");
    }
    for (const program of [AGENT, OTHER_AGENT])
      for (const [action, input] of [
        ["work.counts", {}],
        ["work.titles", { orders: [order] }],
      ] as const)
        assert.equal(await kit.denied(action, input, program), "PERMISSION_DENIED");
    const stranger = worker("rita", ["read", "review"], { type: "user", tenant: "other" });
    const attempt = await kit.attempt("work.examine", { order }, stranger, { tenant: "other" });
    assert.ok(!attempt.ok && attempt.problem.code === "WORK_ORDER_UNKNOWN");
    const titles = await kit.attempt("work.titles", { orders: [order] }, stranger, { tenant: "other" });
    assert.deepEqual(titles.ok && titles.value, { titles: [] });
  });

  it("tells a reviewer what stands in the way: a part in the order, an approval given, what has changed", async () => {
    await using kit = await open({ reviewRules: { high: { approvals: 2, stepUp: false, expires: 60_000 } } });
    await kit.setThing("a", { name: "old", secret: "x" });
    const seen = await kit.planned({ things: ["a"], risk: "high" }, { a: "new" });
    const clear = { independent: true, approved_already: false, needed: 2, step_up: false };
    const { standing, plan } = await examine(kit, seen.order);
    assert.deepEqual({ ...standing, ...clear, approvals: [], stepped_up: true }, standing);
    assert.deepEqual(plan?.drift, []);
    await kit.done("work.approve", seen, RITA);
    assert.equal((await examine(kit, seen.order)).standing["approved_already"], true);
    assert.equal((await examine(kit, seen.order, {}, SAM)).standing["approved_already"], false);
    const both = worker(AGENT.id, ["read", "review"]);
    assert.equal((await examine(kit, seen.order, {}, both)).standing["independent"], false);
    await kit.setThing("a", { name: "someone else's", secret: "x" });
    assert.deepEqual((await examine(kit, seen.order)).plan?.drift, [{ type: "thing", id: "a" }]);
  });

  it("masks members by name in what agents have sent, and all of it where it is somebody's", async () => {
    await using kit = await open();
    const plain = await kit.planned({ things: ["a"] }, { a: { name: "b", secret: "hush" } });
    const shown = await examine(kit, plain.order);
    assert.deepEqual(shown.items[0]?.result, { name: "b", secret: { masked: true } });
    assert.deepEqual(shown.items[0]?.findings, []);
    const sealed = await kit.planned({ things: ["s"], subject: "anna" }, { s: { name: "Anna", secret: "hush" } });
    const hidden = await examine(kit, sealed.order);
    assert.deepEqual([hidden.input, hidden.items[0]?.result], [{ masked: true }, { masked: true }]);
    assert.ok(!JSON.stringify([shown, hidden]).includes("hush"));
  });

  it("shows it to whoever says why, and tells of each look in the audit trail and in the order", async () => {
    await using kit = await open();
    const { order } = await kit.planned({ things: ["s"], subject: "anna" }, { s: { name: "Anna", secret: "hush" } });
    assert.equal(await kit.denied("work.reveal-payloads", { order, reason: "" }, RITA), "VALIDATION_ERROR");
    for (const reason of ["first look", "second look"]) {
      const revealed = await kit.done<Examined>("work.reveal-payloads", { order, reason }, RITA);
      assert.deepEqual(revealed.items[0]?.result, { name: "Anna", secret: "hush" });
    }
    const { events } = await examine(kit, order);
    const told = events.filter(({ kind }) => kind === "revealed").map(({ details }) => details["reason"]);
    assert.deepEqual(told, ["second look", "first look"]);
    const rows = (await kit.kit.auditRows()).filter(({ name }) => name === "work_value_revealed");
    assert.deepEqual(
      rows.map(({ target, context }) => [target, context["reason"], context["members"]]),
      ["second look", "first look"].map((reason) => [order, reason, "payloads"]),
    );
    await kit.done("work.erase-subject", { subject: "anna", reason: "asked for" }, ADA);
    assert.equal(await kit.denied("work.reveal-payloads", { order, reason: "late" }, RITA), "WORK_SUBJECT_ERASED");
    const erased = await examine(kit, order);
    assert.deepEqual([erased.erased, erased.items, erased.plan], [true, [], undefined]);
  });

  it("shows items and changes page by page, and counts what waits", async () => {
    await using kit = await open();
    const { order } = await kit.planned({ things: ["a", "b", "c"] }, { a: "1", b: "2", c: "3" });
    const first = await examine(kit, order, { limit: 2 });
    assert.deepEqual([first.items.map(({ key }) => key), first.next, first.plan?.changes.length], [["a", "b"], 2, 2]);
    const rest = await examine(kit, order, { limit: 2, items_after: 2, changes_after: 2 });
    assert.deepEqual([rest.items.map(({ key }) => key), rest.next, rest.plan?.changes.length], [["c"], undefined, 1]);
    const { counts } = await kit.done<{ counts: readonly { state: string; reason: string; count: number }[] }>(
      ...(["work.counts", {}, RITA] as const),
    );
    assert.deepEqual(
      counts.map(({ state, reason, count }) => [state, reason, count]),
      [["submitted", "awaiting_review", 1]],
    );
  });
});

await describeReviewEngines("rework with notes of their own", (open) => {
  it("tells each item what is said of all and what is said of it, and leaves the others as they are", async () => {
    await using kit = await open();
    const seen = await kit.planned({ things: ["a", "b", "c"] }, { a: "1", b: "2", c: "3" });
    const errors = [{ code: "all", message: "Not yet." }];
    const own = [{ code: "one", message: "Longer." }];
    const items = ["a", { key: "b", errors: own }];
    const unknown = { ...seen, errors, allow_rework: true, items: [{ key: "x", errors: own }] };
    assert.equal(await kit.denied("work.reject", unknown, RITA), "WORK_ITEM_UNKNOWN");
    await kit.done("work.reject", { ...seen, errors, allow_rework: true, items }, RITA);
    const told = (await kit.items(seen.order)).map(({ key, state, errors: said }) => [
      ...[key, state],
      said === undefined ? undefined : (JSON.parse(said) as unknown),
    ]);
    assert.deepEqual(told, [
      ["a", "queued", errors],
      ["b", "queued", [...errors, ...own]],
      ["c", "submitted", undefined],
    ]);
  });
});
