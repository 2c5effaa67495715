import assert from "node:assert/strict";
import { it } from "node:test";
import { portableStatement } from "../../store/sql/statement.ts";
import type { SqlValue } from "../../kernel/ports/store.ts";
import { RITA, SAM } from "../../testing/review-kit-people.ts";
import { renamingType, thingResource } from "../../testing/review-kit-things.ts";
import { describeReviewEngines } from "../../testing/review-engines.ts";
import type { ReviewKit, SeenPlan } from "../../testing/review-kit.ts";

/*
 * Somebody has a harmless plan approved, and changes what it is about before it is carried out: the data it rests on, the
 * order, a result, or the stored plan itself. What is applied then would be something that nobody has approved.
 */
await describeReviewEngines("a plan that is not what was approved any more", (open) => {
  const change = (kit: ReviewKit, text: string, values: readonly SqlValue[]): Promise<unknown> =>
    kit.store.write((transaction) => transaction.execute(portableStatement(text), values));

  async function approved(kit: ReviewKit): Promise<SeenPlan> {
    await kit.setThing("a", { name: "old", secret: "s" });
    const seen = await kit.planned({ things: ["a"] }, { a: "harmless" });
    await kit.done("work.approve", seen, RITA);
    return seen;
  }

  /** Nothing was applied, the plan is void with its approvals, and there is a new one to look at. */
  async function assertRefused(kit: ReviewKit, seen: SeenPlan, reason = "plan_stale"): Promise<void> {
    await kit.run();
    const order = await kit.find(seen.order);
    assert.deepEqual([order.state, order.reason, order.planRevision], ["submitted", "awaiting_review", 2]);
    await kit.store.read(async (reading) => {
      const old = await kit.parts.plans.find(reading, order, 1);
      assert.equal(old?.voidedBecause, reason);
      assert.deepEqual(
        (await kit.parts.plans.reviews(reading, order)).map(({ voided }) => voided),
        [true],
      );
      const [application] = await kit.parts.plans.applications(reading, order);
      assert.deepEqual([application?.state, application?.changes], ["stale", ""]);
    });
    assert.deepEqual(
      (await kit.items(seen.order)).map(({ state }) => state),
      ["submitted"],
    );
    assert.equal(await kit.denied("work.approve", seen, SAM), "PLAN_DIGEST_MISMATCH");
    assert.ok((await kit.events(seen.order)).includes(reason));
  }

  it("because what it rests on was changed is not applied", async () => {
    await using kit = await open();
    const seen = await approved(kit);
    await kit.setThing("a", { name: "old", secret: "changed meanwhile" });
    await assertRefused(kit, seen);
    assert.deepEqual(await kit.thing("a"), { name: "old", secret: "changed meanwhile" });
  });

  it("because what it rests on is gone is not applied", async () => {
    await using kit = await open();
    const seen = await approved(kit);
    await kit.setThing("a", undefined);
    await assertRefused(kit, seen);
    assert.equal(await kit.thing("a"), undefined);
  });

  it("because something was changed that it has only read is not applied", async () => {
    const type = renamingType([], {
      async preview(space, { items }) {
        const model = await space.read(thingResource, "model");
        for (const { key } of items)
          await space.create(thingResource, key, { name: model?.name ?? "none", secret: "" });
      },
    });
    await using kit = await open({ type });
    await kit.setThing("model", { name: "model", secret: "" });
    const seen = await kit.planned();
    await kit.done("work.approve", seen, RITA);
    await kit.setThing("model", { name: "another", secret: "" });
    await assertRefused(kit, seen);
    assert.equal(await kit.thing("a"), undefined);
  });

  it("because the order was changed is not applied", async () => {
    await using kit = await open();
    const seen = await approved(kit);
    const input = JSON.stringify({ things: ["a"], letter: "never approved" });
    await change(kit, "UPDATE work_orders SET input = $2 WHERE id = $1", [seen.order, input]);
    await assertRefused(kit, seen);
    assert.deepEqual(kit.letters, []);
    assert.equal((await kit.thing("a"))?.name, "old");
  });

  it("because its risk or its proposer were changed is not applied", async () => {
    for (const column of ["risk", "proposer_id"]) {
      await using kit = await open();
      const seen = await approved(kit);
      await change(kit, `UPDATE work_orders SET ${column} = $2 WHERE id = $1`, [seen.order, "low"]);
      await assertRefused(kit, seen);
    }
  });

  it("because a result was changed, hash and all, is not applied", async () => {
    await using kit = await open();
    const seen = await approved(kit);
    const result = JSON.stringify({ name: "never approved" });
    await change(kit, "UPDATE work_items SET result = $2 WHERE order_id = $1", [seen.order, result]);
    await assertRefused(kit, seen);
    assert.equal((await kit.thing("a"))?.name, "old");
  });

  it("because the stored plan was changed is not applied", async () => {
    await using kit = await open();
    const seen = await approved(kit);
    const sql = "UPDATE work_plans SET changes = replace(changes, 'harmless', 'harmful') WHERE order_id = $1";
    await change(kit, sql, [seen.order]);
    await assertRefused(kit, seen);
    assert.equal((await kit.thing("a"))?.name, "old");
  });

  it("because what it rests on was left out of the stored plan is not applied", async () => {
    await using kit = await open();
    const seen = await approved(kit);
    await change(kit, "UPDATE work_plans SET readings = '[]' WHERE order_id = $1", [seen.order]);
    await kit.setThing("a", { name: "old", secret: "changed meanwhile" });
    await assertRefused(kit, seen);
  });

  it("because its stored digest is another one than was approved is not applied", async () => {
    await using kit = await open();
    const seen = await approved(kit);
    await change(kit, "UPDATE work_plans SET digest = 'forged' WHERE order_id = $1", [seen.order]);
    await assertRefused(kit, seen, "approval_expired");
  });

  it("is refused to reviewers who have looked at the one before", async () => {
    await using kit = await open();
    const seen = await kit.planned();
    const outcome = await kit.attempt("work.approve", { ...seen, digest: "x".repeat(43) }, RITA);
    assert.ok(!outcome.ok && outcome.problem.code === "PLAN_DIGEST_MISMATCH");
    assert.deepEqual(outcome.extensions, { revision: 1, digest: seen.digest });
    assert.equal(await kit.denied("work.approve", { ...seen, revision: 2 }, RITA), "PLAN_DIGEST_MISMATCH");
    assert.equal(
      await kit.denied("work.reject", { ...seen, digest: "", errors: [{ code: "x", message: "x" }] }, RITA),
      "PLAN_DIGEST_MISMATCH",
    );
  });

  it("has approvals that never count again, not even when everything is as it was", async () => {
    const rule = { approvals: 2, stepUp: false, expires: 3_600_000 };
    await using kit = await open({ reviewRules: { medium: rule } });
    await kit.setThing("a", { name: "old", secret: "s" });
    const seen = await kit.planned({ things: ["a"] }, { a: "new" });
    await kit.done("work.approve", seen, RITA);
    await kit.done("work.approve", seen, SAM);
    await kit.setThing("a", { name: "other", secret: "s" });
    await kit.run();
    await kit.setThing("a", { name: "old", secret: "s" });
    const second = await kit.preview(seen.order);
    await kit.done("work.approve", { order: seen.order, revision: 2, digest: second.digest }, RITA);
    assert.equal((await kit.find(seen.order)).state, "submitted", "one of two");
    await kit.done("work.approve", { order: seen.order, revision: 2, digest: second.digest }, SAM);
    await kit.run();
    // The second plan was made of the changed base, which is not there any more either.
    const third = await kit.preview(seen.order);
    assert.deepEqual([third.revision, third["approvals"]], [3, { standing: 0, needed: 2, step_up: false }]);
    assert.equal((await kit.thing("a"))?.name, "old");
  });
});
