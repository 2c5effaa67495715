import assert from "node:assert/strict";
import { it } from "node:test";
import { createWorkHistory } from "../../store/sql/work/history.ts";
import { describeReviewEngines } from "../../testing/review-engines.ts";
import { AGENT, RITA, SAM } from "../../testing/review-kit-people.ts";

/*
 * Faults of the project that work orders were learnt from, each tried from outside. Others have tests of their own beside
 * what they are about: work that waits for a human (d), rework that its own table forbids (e), two who apply (f), an apply
 * context that anybody can claim (j).
 */
await describeReviewEngines("what the source project gets wrong", (open) => {
  it("(h) a decision is carried out once under its key, with its effect and its answer in one transaction", async () => {
    await using kit = await open();
    const seen = await kit.planned();
    const approve = () => kit.attempt("work.approve", seen, RITA, { key: "once" });
    const outcomes = await Promise.all([approve(), approve(), approve()]);
    assert.ok(outcomes.every(({ ok }) => ok));
    const [first, ...rest] = outcomes.map((outcome) => (outcome.ok ? outcome.value : undefined));
    for (const other of rest) assert.deepEqual(other, first);
    const reviews = await kit.store.read((reading) =>
      kit.parts.plans.reviews(reading, { tenant: "acme", id: seen.order }),
    );
    assert.equal(reviews.length, 1);
    await kit.run();
    assert.deepEqual((await approve()).ok, true, "also once it was applied");
    const changed = await kit.attempt("work.approve", { ...seen, notes: "other" }, RITA, { key: "once" });
    assert.ok(!changed.ok && changed.problem.code === "IDEMPOTENCY_KEY_REUSED");
    for (const action of ["work.approve", "work.reject", "work.cancel", "work.revert", "work.propose"]) {
      const input = action === "work.propose" ? { type: "things.rename", input: { things: [] } } : seen;
      const valid = action === "work.reject" ? { ...seen, errors: [{ code: "x", message: "x" }] } : input;
      const order = action === "work.cancel" || action === "work.revert" ? { order: seen.order } : valid;
      const who = action === "work.approve" || action === "work.reject" ? SAM : AGENT;
      const keyless = await kit.kit.attempt(action, order, { as: who });
      assert.ok(!keyless.ok && keyless.problem.code === "IDEMPOTENCY_KEY_REQUIRED", action);
    }
    const long = await kit.attempt("work.cancel", { order: seen.order }, AGENT, { key: "k".repeat(255) });
    assert.ok(!long.ok && long.problem.code === "WORK_STATE_CONFLICT", "long keys are keys");
  });

  it("(h) a decision that is refused keeps nothing under its key", async () => {
    await using kit = await open();
    const seen = await kit.planned();
    const wrong = await kit.attempt("work.approve", { ...seen, digest: "x" }, RITA, { key: "again" });
    assert.ok(!wrong.ok && wrong.problem.code === "PLAN_DIGEST_MISMATCH");
    const right = await kit.attempt("work.approve", seen, RITA, { key: "again" });
    assert.ok(right.ok);
  });

  it("(k) what has happened is still told when the order itself is gone", async () => {
    await using kit = await open();
    const history = createWorkHistory();
    const seen = await kit.planned({ things: ["a"], letter: "sent" });
    await kit.done("work.approve", seen, RITA);
    await kit.run();
    await kit.clock.advance(1000);
    const before = await kit.events(seen.order);
    await kit.store.write(async (transaction) => {
      const now = await transaction.now();
      assert.equal(await history.archive(transaction, now, 10), 1);
    });
    const preview = await kit.preview(seen.order);
    assert.equal(preview.digest, seen.digest, "archived orders can be looked at");
    const revealed = await kit.done("work.reveal", { order: seen.order, revision: 1, step: 1, reason: "look" }, RITA);
    assert.deepEqual(revealed["after"], { name: "renamed", secret: "" });
    await kit.store.write(async (transaction) => {
      const now = await transaction.now();
      assert.equal(await history.prune(transaction, now, 10), 1);
    });
    const key = { tenant: "acme", id: seen.order };
    assert.equal(await kit.store.read((reading) => kit.parts.orders.find(reading, key)), undefined);
    assert.deepEqual(await kit.events(seen.order), before);
    const row = (await kit.kit.auditRows()).find(({ name }) => name === "work_applied");
    assert.equal(row?.target, seen.order);
  });

  it("(o) what was wrong is kept where the reviewer says it, and where the plan could not be made", async () => {
    await using kit = await open();
    const seen = await kit.planned({ things: ["a"], subject: "anna" });
    const errors = [{ code: "wrong", message: "Not Anna.", field: "/name" }];
    await kit.done("work.reject", { ...seen, errors, allow_rework: true }, RITA);
    const [item] = await kit.items(seen.order);
    assert.ok(item?.errors !== undefined && !item.errors.includes("Anna"), "sealed, as all that tells of her");
    const order = await kit.find(seen.order);
    const payloads = await kit.store.read((reading) => kit.parts.payloads.of(reading, order));
    assert.deepEqual(JSON.parse(payloads?.open(["errors"], item.errors) ?? ""), errors);
    const told = await kit.store.read((reading) => kit.parts.orders.events(reading, order, { limit: 10 }));
    assert.ok(told.some(({ kind }) => kind === "rework"));
  });

  it("(a) no right is taken from a name in the input", async () => {
    await using kit = await open();
    const seen = await kit.planned();
    for (const more of [{ reviewer: "rita" }, { agent_id: "rita" }, { tenant: "other" }]) {
      assert.equal(await kit.denied("work.approve", { ...seen, ...more }, RITA), "VALIDATION_ERROR");
    }
    const program = { agent: "rita", userAgent: "rita" };
    const forged = await kit.attempt("work.approve", seen, AGENT, { more: { program } });
    assert.ok(!forged.ok && forged.problem.code === "PERMISSION_DENIED");
  });
});
