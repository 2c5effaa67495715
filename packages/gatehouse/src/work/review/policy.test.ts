import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { WorkReview } from "../../kernel/ports/work-plans.ts";
import { AUTO_APPROVAL } from "../actors.ts";
import { isApproved, isIndependent, isSteppedUp, ruleOf, standingApprovals } from "./policy.ts";

const PLAN = { revision: 2, digest: "d2", voidedBecause: undefined };
const RULE = { approvals: 2, stepUp: false, expires: 1000 };

function reviewBy(id: string, more: Partial<WorkReview> = {}): WorkReview {
  const reviewer = { type: "user", id } as const;
  const said = { authentication: "{}", notes: "", at: 5000, voided: false };
  return { id: `review of ${id}`, revision: 2, digest: "d2", decision: "approve", reviewer, ...said, ...more };
}

describe("approvals that stand", () => {
  const counted = (reviews: readonly WorkReview[], plan: Parameters<typeof standingApprovals>[0] = PLAN, now = 5500) =>
    standingApprovals(plan, { reviews, rule: RULE, now }).map(({ reviewer }) => reviewer.id);

  it("are of this very plan, not voided, not too old, and one a person", () => {
    assert.deepEqual(counted([reviewBy("rita"), reviewBy("sam")]), ["rita", "sam"]);
    assert.deepEqual(counted([reviewBy("rita", { voided: true })]), []);
    assert.deepEqual(counted([reviewBy("rita", { revision: 1 })]), []);
    assert.deepEqual(counted([reviewBy("rita", { digest: "d1" })]), []);
    assert.deepEqual(counted([reviewBy("rita", { decision: "rework" })]), []);
    assert.deepEqual(counted([reviewBy("rita", { at: 4500 }), reviewBy("sam", { at: 4501 })]), ["sam"]);
    const agent = { type: "agent", id: "helper", onBehalfOf: "rita" } as const;
    assert.deepEqual(counted([reviewBy("rita"), reviewBy("", { reviewer: agent })]), ["rita"]);
    assert.deepEqual(counted([reviewBy("rita")], { ...PLAN, voidedBecause: "plan_stale" }), []);
  });

  it("are enough when they are as many as have to be, or a rule of the type has said yes", () => {
    const [rita, sam] = [reviewBy("rita"), reviewBy("sam")];
    assert.ok(isApproved([rita, sam], RULE));
    assert.ok(!isApproved([rita], RULE));
    assert.ok(isApproved([reviewBy("", { reviewer: AUTO_APPROVAL })], RULE));
    const namesake = { type: "user", id: AUTO_APPROVAL.id } as const;
    assert.ok(!isApproved([reviewBy("", { reviewer: namesake })], RULE), "a person by that name is one person");
  });
});

describe("reviewers", () => {
  it("are independent of whoever they are not, act for nobody of, and nobody of acts for", () => {
    const user = { type: "user", id: "rita" } as const;
    const agent = { type: "agent", id: "bot", onBehalfOf: "rita" } as const;
    assert.ok(isIndependent(user, [{ type: "user", id: "sam" }]));
    assert.ok(!isIndependent(user, [{ type: "user", id: "sam" }, agent]));
    assert.ok(!isIndependent(agent, [user]));
    assert.ok(!isIndependent(user, [{ type: "agent", id: "rita" }]));
    assert.ok(!isIndependent({ ...agent, id: "other" }, [agent]));
  });

  it("have stepped up for ten minutes after a sign-in with a second factor", () => {
    const minutes = 60_000;
    assert.ok(isSteppedUp({ at: 0, secondFactor: true }, 10 * minutes));
    assert.ok(!isSteppedUp({ at: 0, secondFactor: true }, 10 * minutes + 1));
    assert.ok(!isSteppedUp({ at: 0, secondFactor: false }, 0));
    assert.ok(!isSteppedUp({ at: undefined, secondFactor: true }, 0));
  });

  it("go by the rule of the type where it has one for the risk", () => {
    const rules = { low: RULE, medium: RULE, high: RULE };
    const own = { ...RULE, approvals: 5 };
    assert.equal(ruleOf(rules, { review: { high: own } }, "high"), own);
    assert.equal(ruleOf(rules, { review: { high: own } }, "low"), RULE);
    assert.equal(ruleOf(rules, {}, "medium"), RULE);
  });
});
