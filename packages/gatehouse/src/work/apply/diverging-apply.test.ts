import assert from "node:assert/strict";
import { it } from "node:test";
import type { OrderTypeDefinition } from "../order-type.ts";
import { defineResource } from "../resource.ts";
import { ADA, RITA, SAM } from "../../testing/review-kit-people.ts";
import { renamingType, thingResource, type Thing } from "../../testing/review-kit-things.ts";
import { describeReviewEngines } from "../../testing/review-engines.ts";

type Apply = NonNullable<OrderTypeDefinition<unknown, unknown, unknown>["apply"]>;

/*
 * The code that carries out a plan does something else than the plan says: by a fault, or because whoever wrote it knows
 * that reviewers look at the plan alone. Nothing of it may last.
 */
await describeReviewEngines("what would change something else than was approved", (open) => {
  const cases: Readonly<Record<string, Apply>> = {
    "another value": (space) => space.create(thingResource, "a", { name: "another", secret: "" }),
    "another thing": (space) => space.create(thingResource, "b", { name: "renamed", secret: "" }),
    "more than that": async (space) => {
      await space.create(thingResource, "a", { name: "renamed", secret: "" });
      await space.create(thingResource, "b", { name: "more", secret: "" });
    },
    "less than that": async () => undefined,
    "the same by more steps": async (space) => {
      await space.create(thingResource, "a", { name: "first", secret: "" });
      await space.update(thingResource, "a", { name: "renamed" });
    },
    "what cannot be done": (space) => space.delete(thingResource, "nothing"),
    "a resource that was not declared": (space) =>
      space.create(defineResource<Thing>({ ...thingResource, type: "thing" }), "a", { name: "renamed", secret: "" }),
    "what it does not wait for": async (space) => {
      void space.create(thingResource, "a", { name: "renamed", secret: "" });
    },
    "a side effect nobody has seen": async (space) => {
      await space.create(thingResource, "a", { name: "renamed", secret: "" });
      const [letter] = renamingType().effects;
      if (letter !== undefined) space.invoke(letter, "letter", "not approved");
    },
  };

  for (const [what, apply] of Object.entries(cases)) {
    it(`is rolled back: ${what}`, async () => {
      await using kit = await open({ type: renamingType([], { apply }) });
      const seen = await kit.planned();
      await kit.done("work.approve", seen, RITA);
      await kit.run();
      const order = await kit.find(seen.order);
      assert.deepEqual([order.state, order.reason], ["failed", "plan_diverged"]);
      assert.equal(await kit.thing("a"), undefined);
      assert.equal(await kit.thing("b"), undefined);
      const [application] = await kit.store.read((reading) => kit.parts.plans.applications(reading, order));
      assert.deepEqual([application?.state, application?.changes], ["diverged", ""]);
      const row = (await kit.kit.auditRows()).find(({ name }) => name === "work_applied");
      assert.equal(row?.context["outcome"], "diverged");
      assert.deepEqual(kit.kit.reported, []);
    });
  }

  it("can be planned again once it was mended, and needs new approvals", async () => {
    let broken = true;
    const apply: Apply = async (space) => {
      await space.create(thingResource, "a", { name: broken ? "another" : "renamed", secret: "" });
    };
    await using kit = await open({ type: renamingType([], { apply }) });
    const seen = await kit.planned();
    await kit.done("work.approve", seen, RITA);
    await kit.run();
    broken = false;
    await kit.done("work.requeue", { order: seen.order }, ADA);
    await kit.run();
    const again = await kit.preview(seen.order);
    assert.deepEqual([again.revision, again["approvals"]], [2, { standing: 0, needed: 1, step_up: false }]);
    await kit.done("work.approve", { order: seen.order, revision: 2, digest: again.digest }, SAM);
    await kit.run();
    assert.equal((await kit.thing("a"))?.name, "renamed");
  });

  it("is tried again where it was an error, and fails for good after some tries", async () => {
    const apply: Apply = async () => {
      throw new RangeError("out of luck");
    };
    await using kit = await open({ type: renamingType([], { apply }) });
    const seen = await kit.planned();
    await kit.done("work.approve", seen, RITA);
    for (let tries = 0; tries < 10; tries += 1) {
      assert.equal((await kit.find(seen.order)).state, "approved");
      await kit.run();
      await kit.pass(5000);
    }
    const order = await kit.find(seen.order);
    assert.deepEqual([order.state, order.reason], ["failed", "apply_failed"]);
    assert.ok(kit.kit.reported.length > 0 && kit.kit.reported.every((error) => error instanceof RangeError));
  });
});
