import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { it } from "node:test";
import type { Principal } from "../../kernel/attempt.ts";
import { AGENT, OTHER_AGENT, RITA, SAM, worker } from "../../testing/review-kit-people.ts";
import { describeReviewEngines } from "../../testing/review-engines.ts";

const BOSS = worker("boss", ["read", "review"], { type: "user" });
const ERRORS = [{ code: "no", message: "no" }];

/*
 * Whoever has an order proposed or worked on wants it approved by themselves: with another token, for somebody they act
 * for, by an agent that acts for them, or as one reviewer who counts twice.
 */
await describeReviewEngines("nobody approves their own work", (open) => {
  const asReviewer = (principal: Principal): Principal => ({ ...principal, grants: RITA.grants });

  for (const entrance of ["http", "mcp", "job"] as const) {
    it(`neither who has proposed it nor who has worked on it, over ${entrance}`, async () => {
      await using kit = await open();
      const order = await kit.propose({ things: ["a"] }, AGENT);
      await kit.work(order, {}, OTHER_AGENT);
      await kit.run();
      const { revision, digest } = await kit.preview(order);
      const seen = { order, revision, digest };
      for (const who of [AGENT, OTHER_AGENT]) {
        const approved = await kit.attempt("work.approve", seen, asReviewer(who), { entrance });
        assert.ok(!approved.ok && approved.problem.code === "REVIEWER_NOT_INDEPENDENT");
        const rejected = await kit.attempt("work.reject", { ...seen, errors: ERRORS }, asReviewer(who), { entrance });
        assert.ok(!rejected.ok && rejected.problem.code === "REVIEWER_NOT_INDEPENDENT");
        const unscoped = await kit.attempt("work.approve", seen, who, { entrance });
        assert.ok(!unscoped.ok && unscoped.problem.code === "PERMISSION_DENIED");
      }
      assert.equal((await kit.find(order)).state, "submitted");
      const approved = await kit.attempt("work.approve", seen, RITA, { entrance });
      assert.ok(approved.ok);
    });
  }

  it("nor whom they have acted for, nor agents that act for the same", async () => {
    await using kit = await open();
    const forBoss = { ...AGENT, onBehalfOf: "boss" };
    const order = await kit.propose({ things: ["a"] }, forBoss);
    await kit.work(order, {}, { ...OTHER_AGENT, onBehalfOf: "sam" });
    await kit.run();
    const { revision, digest } = await kit.preview(order);
    const seen = { order, revision, digest };
    const another = { ...asReviewer(worker("third-agent", [])), onBehalfOf: "boss" };
    for (const who of [BOSS, SAM, another]) {
      assert.equal(await kit.denied("work.approve", seen, who), "REVIEWER_NOT_INDEPENDENT");
    }
    await kit.done("work.approve", seen, RITA);
  });

  it("nor who has held a lease and lost it", async () => {
    await using kit = await open();
    const order = await kit.propose({ things: ["a"] });
    const holder = { type: "agent", id: "rita" } as const;
    const tokenHashes = [new Uint8Array(createHash("sha256").update("x").digest())];
    await kit.store.write(async (transaction) => {
      const types = [{ type: "things.rename", duration: 1000, ceiling: 1000, cap: Infinity }];
      const caps = { agent: 1, tenant: Infinity };
      await kit.leases.claim(transaction, { tenants: ["acme"], types, holder, tokenHashes, caps });
    });
    await kit.pass(2000);
    await kit.work(order, {}, OTHER_AGENT);
    await kit.run();
    const { revision, digest } = await kit.preview(order);
    assert.equal(await kit.denied("work.approve", { order, revision, digest }, RITA), "REVIEWER_NOT_INDEPENDENT");
  });

  it("nor the same person twice, under whatever key or as whatever agent", async () => {
    const rule = { approvals: 2, stepUp: false, expires: 3_600_000 };
    await using kit = await open({ reviewRules: { medium: rule } });
    const seen = await kit.planned();
    const first = await kit.done("work.approve", seen, RITA);
    assert.deepEqual([first["state"], first["approvals"], first["needed"]], ["submitted", 1, 2]);
    assert.equal(await kit.denied("work.approve", seen, RITA), "REVIEWER_NOT_INDEPENDENT");
    const herAgent = { ...asReviewer(worker("helper", [])), onBehalfOf: "rita" };
    assert.equal(await kit.denied("work.approve", seen, herAgent), "REVIEWER_NOT_INDEPENDENT");
    await kit.run();
    assert.equal(await kit.thing("a"), undefined);
    const second = await kit.done("work.approve", seen, SAM);
    assert.deepEqual([second["state"], second["approvals"]], ["approved", 2]);
  });

  it("and what harms more needs a fresh sign-in with a second factor of each of two", async () => {
    const hour = 3_600_000;
    const start = 1_767_225_600_000;
    const authentication = {
      old: { at: start - hour, secondFactor: true },
      single: { at: start, secondFactor: false },
      unknown: { at: undefined, secondFactor: true },
    };
    await using kit = await open({ authentication });
    const seen = await kit.planned({ things: ["a"], risk: "high" });
    for (const id of Object.keys(authentication)) {
      const who = worker(id, ["review"], { type: "user" });
      assert.equal(await kit.denied("work.approve", seen, who), "REVIEW_NEEDS_STEP_UP", id);
    }
    await kit.done("work.approve", seen, RITA);
    assert.equal((await kit.find(seen.order)).state, "submitted");
    await kit.done("work.approve", seen, SAM);
    await kit.run();
    assert.equal((await kit.find(seen.order)).state, "completed");
  });

  it("and nobody of another tenant learns that it is there", async () => {
    await using kit = await open();
    const seen = await kit.planned();
    const foreign = { ...RITA, id: "foreign", tenant: "other" };
    for (const [action, input] of [
      ["work.approve", seen],
      ["work.reject", { ...seen, errors: ERRORS }],
      ["work.preview", { order: seen.order }],
      ["work.reveal", { order: seen.order, revision: 1, step: 1, reason: "look" }],
    ] as const) {
      const outcome = await kit.attempt(action, input, foreign, { tenant: "other" });
      assert.ok(!outcome.ok && outcome.problem.code === "WORK_ORDER_UNKNOWN", action);
    }
  });

  it("and nobody carries out a plan or makes one by attempting it", async () => {
    await using kit = await open();
    const seen = await kit.planned();
    const job = { id: "none", epoch: 1 };
    const everything = worker("root", ["read", "propose", "execute", "review", "admin"], { type: "user" });
    for (const action of ["work.carry-out", "work.make-plan", "work.expire-plan"]) {
      for (const entrance of ["http", "mcp", "job"] as const) {
        const outcome = await kit.attempt(action, { order: seen.order, job }, everything, { entrance });
        const code = outcome.ok ? "done" : outcome.problem.code;
        assert.equal(code, entrance === "job" ? "PERMISSION_DENIED" : "ACTION_NOT_FOUND");
      }
    }
  });
});
