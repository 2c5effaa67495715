import assert from "node:assert/strict";
import { it } from "node:test";
import { AGENT, OTHER_AGENT, RITA, SAM } from "../../testing/review-kit-people.ts";
import { renamingType, thingResource } from "../../testing/review-kit-things.ts";
import { describeReviewEngines } from "../../testing/review-engines.ts";
import type { ReviewKit, SeenPlan } from "../../testing/review-kit.ts";

async function applied(
  kit: ReviewKit,
  input: Parameters<ReviewKit["planned"]>[0] = { things: ["a", "b"] },
): Promise<SeenPlan> {
  await kit.setThing("a", { name: "old", secret: "s" });
  const seen = await kit.planned(input, { a: "new", b: "made" });
  await kit.done("work.approve", seen, RITA);
  await kit.run();
  assert.equal((await kit.find(seen.order)).state, "completed");
  return seen;
}

async function proposeRevert(kit: ReviewKit, { order }: SeenPlan, as = AGENT): Promise<string> {
  const reverting = await kit.done<{ readonly order: string; readonly reverts: string }>("work.revert", { order }, as);
  assert.equal(reverting.reverts, order);
  await kit.run();
  return reverting.order;
}

await describeReviewEngines("an applied order that is taken back", (open) => {
  it("is taken back by an order of its own, which is reviewed as any other", async () => {
    await using kit = await open();
    const seen = await applied(kit);
    const order = await proposeRevert(kit, seen);
    const { revision, digest, ...plan } = await kit.preview(order);
    assert.deepEqual(plan["counts"], { create: 0, update: 1, delete: 1, invoke: 0 });
    assert.equal(plan["reverts"], seen.order);
    assert.deepEqual(await kit.thing("a"), { name: "new", secret: "s" }, "nothing has happened yet");
    assert.equal(
      await kit.denied("work.approve", { order, revision, digest }, { ...AGENT, grants: RITA.grants }),
      "REVIEWER_NOT_INDEPENDENT",
    );
    await kit.done("work.approve", { order, revision, digest }, SAM);
    await kit.run();
    assert.deepEqual(await kit.thing("a"), { name: "old", secret: "s" });
    assert.equal(await kit.thing("b"), undefined);
    assert.equal((await kit.find(seen.order)).state, "completed", "what has happened has happened");
    assert.ok((await kit.events(seen.order)).includes("revert_proposed"));
  });

  it("can itself be taken back", async () => {
    await using kit = await open();
    const seen = await applied(kit);
    const order = await proposeRevert(kit, seen);
    const first = await kit.preview(order);
    await kit.done("work.approve", { order, revision: 1, digest: first.digest }, RITA);
    await kit.run();
    const again = await proposeRevert(kit, { ...seen, order });
    const second = await kit.preview(again);
    await kit.done("work.approve", { order: again, revision: 1, digest: second.digest }, RITA);
    await kit.run();
    assert.deepEqual(await kit.thing("a"), { name: "new", secret: "s" });
    assert.deepEqual(await kit.thing("b"), { name: "made", secret: "" });
  });

  it("has no plan where what it has changed was changed since: the newer change is not lost", async () => {
    await using kit = await open();
    const seen = await applied(kit);
    await kit.setThing("a", { name: "newer", secret: "s" });
    const order = await proposeRevert(kit, seen);
    const { state, reason } = await kit.find(order);
    assert.deepEqual([state, reason], ["submitted", "preview_failed"]);
    assert.deepEqual(await kit.thing("a"), { name: "newer", secret: "s" });
    assert.ok((await kit.thing("b")) !== undefined, "all of it, or nothing");
  });

  it("is planned anew where that happens after its approval", async () => {
    await using kit = await open();
    const seen = await applied(kit);
    const order = await proposeRevert(kit, seen);
    const { revision, digest } = await kit.preview(order);
    await kit.done("work.approve", { order, revision, digest }, RITA);
    await kit.setThing("a", { name: "newer", secret: "s" });
    await kit.run();
    const { state, reason } = await kit.find(order);
    assert.deepEqual([state, reason], ["submitted", "preview_failed"]);
    assert.deepEqual(await kit.thing("a"), { name: "newer", secret: "s" });
  });

  it("takes back changes in the opposite order, and several of one thing", async () => {
    const type = renamingType([], {
      async preview(space) {
        await space.create(thingResource, "c", { name: "one", secret: "" });
        await space.update(thingResource, "c", { name: "two" });
        await space.delete(thingResource, "a");
      },
    });
    await using kit = await open({ type });
    const seen = await applied(kit, { things: [] });
    const order = await proposeRevert(kit, seen);
    const { revision, digest } = await kit.preview(order);
    await kit.done("work.approve", { order, revision, digest }, RITA);
    await kit.run();
    assert.equal(await kit.thing("c"), undefined);
    assert.deepEqual(await kit.thing("a"), { name: "old", secret: "s" });
  });

  it("is not: what was not applied, what its type says cannot be, what has only had side effects, and others' orders", async () => {
    await using kit = await open();
    const waiting = await kit.planned();
    assert.equal(await kit.denied("work.revert", { order: waiting.order }, AGENT), "WORK_STATE_CONFLICT");
    const letter = await kit.planned({ letter: "gone" });
    await kit.done("work.approve", letter, RITA);
    await kit.run();
    assert.equal(await kit.denied("work.revert", { order: letter.order }, AGENT), "WORK_NOT_REVERTIBLE");
    assert.equal(await kit.denied("work.revert", { order: letter.order }, OTHER_AGENT), "WORK_ORDER_UNKNOWN");
    await using never = await open({ type: renamingType([], { revert: false }) });
    const seen = await applied(never);
    assert.equal(await never.denied("work.revert", { order: seen.order }, AGENT), "WORK_NOT_REVERTIBLE");
  });
});
