import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ADA, AGENT, OTHER_AGENT, RITA, SAM } from "../../testing/review-kit-people.ts";
import { renamingType } from "../../testing/review-kit-things.ts";
import { ReviewKit } from "../../testing/review-kit.ts";

const HOUR = 3_600_000;
const PAIR = { approvals: 2, stepUp: false, expires: HOUR };

describe("approvals that are too old", () => {
  it("count no longer, and the same person can approve anew", async () => {
    await using kit = await ReviewKit.open({ reviewRules: { medium: PAIR } });
    const seen = await kit.planned();
    await kit.clock.advance(HOUR / 2);
    await kit.done("work.approve", seen, RITA);
    await kit.clock.advance(HOUR / 2);
    // The plan has expired with the first approval: a new one is made by the job that waited for it.
    assert.equal(await kit.denied("work.approve", seen, SAM), "PLAN_STALE");
    await kit.run();
    const { revision, digest, ...more } = await kit.preview(seen.order);
    assert.deepEqual([revision, more["approvals"]], [2, { standing: 0, needed: 2, step_up: false }]);
    await kit.done("work.approve", { order: seen.order, revision, digest }, RITA);
    await kit.done("work.approve", { order: seen.order, revision, digest }, SAM);
    await kit.run();
    assert.equal((await kit.find(seen.order)).state, "completed");
    assert.ok((await kit.events(seen.order)).includes("plan_expired"));
  });

  it("do not let a plan be applied that was held up", async () => {
    await using kit = await ReviewKit.open();
    const seen = await kit.planned();
    await kit.done("work.approve", seen, RITA);
    await kit.done("work.pause", { kind: "type", name: "things.rename", reason: "wait" }, ADA);
    await kit.run();
    await kit.clock.advance(25 * HOUR);
    await kit.done("work.resume", { kind: "type", name: "things.rename" }, ADA);
    await kit.run();
    assert.equal(await kit.thing("a"), undefined);
    const order = await kit.find(seen.order);
    assert.deepEqual([order.state, order.reason, order.planRevision], ["submitted", "awaiting_review", 2]);
    assert.ok((await kit.events(seen.order)).includes("approval_expired"));
  });

  it("of one reviewer do not fill a quorum with the fresh one of another", async () => {
    const seldom = { approvals: 2, stepUp: false, expires: HOUR };
    await using kit = await ReviewKit.open({ reviewRules: { medium: seldom } });
    const seen = await kit.planned();
    await kit.done("work.approve", seen, RITA);
    const later = { ...seldom, expires: HOUR / 4 };
    Object.assign(kit.parts.reviewRules, { medium: later });
    await kit.clock.advance(HOUR / 2);
    const second = await kit.done("work.approve", seen, SAM);
    assert.deepEqual([second["state"], second["approvals"]], ["submitted", 1]);
    const again = await kit.done("work.approve", seen, RITA);
    assert.deepEqual([again["state"], again["approvals"]], ["approved", 2]);
  });
});

/*
 * The source project put work that waited more than ten minutes for a human back into the queue, or let it fail: the time
 * of the lease went on after the result had been handed in.
 */
describe("work that waits for a human", () => {
  it("stays as it is for however long that takes", async () => {
    const never = { approvals: 1, stepUp: false, expires: 10_000 * HOUR };
    await using kit = await ReviewKit.open({ reviewRules: { medium: never } });
    const seen = await kit.planned();
    await kit.clock.advance(1000 * HOUR);
    const reclaimed = await kit.store.write((transaction) => kit.leases.reclaim(transaction, 100));
    assert.deepEqual(reclaimed, []);
    await kit.run();
    const order = await kit.find(seen.order);
    assert.deepEqual([order.state, order.reason, order.planRevision], ["submitted", "awaiting_review", 1]);
    await kit.done("work.approve", seen, RITA);
    await kit.run();
    assert.equal((await kit.find(seen.order)).state, "completed");
  });
});

describe("approval by rule", () => {
  const type = (sample: number, when = true) => renamingType([], { autoApprove: { when: () => when, sample } });

  it("applies what a rule of the type says yes to, and says that nobody has looked at it", async () => {
    await using kit = await ReviewKit.open({ type: type(0) });
    const order = await kit.propose({ things: ["a"] });
    await kit.work(order, {});
    await kit.run();
    assert.equal((await kit.find(order)).state, "completed");
    const [review] = await kit.store.read((reading) => kit.parts.plans.reviews(reading, { tenant: "acme", id: order }));
    assert.deepEqual(review?.reviewer, { type: "system", id: "auto-approval" });
  });

  it("leaves a sample to people, and what the rule says no to", async () => {
    for (const left of [type(1), type(0, false)]) {
      await using kit = await ReviewKit.open({ type: left });
      const order = await kit.propose({ things: ["a"] });
      await kit.work(order, {});
      await kit.run();
      assert.equal((await kit.find(order)).reason, "awaiting_review");
    }
  });

  it("draws the sample so that about that share is in it", async () => {
    await using kit = await ReviewKit.open({ type: type(0.3) });
    let seen = 0;
    for (let round = 0; round < 60; round += 1) {
      const order = await kit.propose({ letter: `letter ${round}` }, round % 2 === 0 ? AGENT : OTHER_AGENT);
      await kit.run();
      if ((await kit.find(order)).reason === "awaiting_review") seen += 1;
    }
    assert.ok(seen >= 6 && seen <= 32, `${seen} of 60`);
  });

  /*
   * An agent has its order wait until the plan expires, or until people have sent it back, and the next plan is drawn for
   * anew: what people were to see is applied unseen. An order of the sample stays in it, and so does what people have seen.
   */
  it("is not waited for by an order that people were to see, nor given to one that they have sent back", async () => {
    await using kit = await ReviewKit.open({ type: type(0.5) });
    let waited = 0;
    for (let round = 0; round < 8; round += 1) {
      const order = await kit.propose({ letter: `letter ${round}` });
      await kit.run();
      if ((await kit.find(order)).reason !== "awaiting_review") continue;
      waited += 1;
      for (let plans = 2; plans <= 4; plans += 1) {
        await kit.clock.advance(25 * HOUR);
        await kit.run();
        const { reason, planRevision } = await kit.find(order);
        assert.deepEqual([reason, planRevision], ["awaiting_review", plans]);
      }
      await kit.done("work.cancel", { order }, AGENT);
    }
    assert.ok(waited > 0);
    await using other = await ReviewKit.open({ type: type(0) });
    const stop = { kind: "auto_approval", name: "" };
    await other.done("work.pause", { ...stop, reason: "look at some" }, ADA);
    const seen = await other.planned();
    const errors = [{ code: "rude", message: "Nobody should be called that." }];
    await other.done("work.reject", { ...seen, allow_rework: true, errors }, RITA);
    await other.done("work.resume", stop, ADA);
    await other.work(seen.order, {});
    await other.run();
    assert.equal((await other.find(seen.order)).reason, "awaiting_review");
  });

  it("is switched off for a type, or for all, without a new release", async () => {
    for (const name of ["things.rename", ""]) {
      await using kit = await ReviewKit.open({ type: type(0) });
      await kit.done("work.pause", { kind: "auto_approval", name, reason: "too many mistakes" }, ADA);
      const order = await kit.propose({ things: ["a"] });
      await kit.work(order, {});
      await kit.run();
      assert.equal((await kit.find(order)).reason, "awaiting_review");
      const { revision, digest } = await kit.preview(order);
      await kit.done("work.approve", { order, revision, digest }, RITA);
      await kit.run();
      assert.equal((await kit.find(order)).state, "completed", "people can approve it all the same");
    }
  });
});
