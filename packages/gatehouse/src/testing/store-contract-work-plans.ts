import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { systemClock } from "../kernel/clock.ts";
import { createIds } from "../kernel/ids.ts";
import type { WorkOrderKey } from "../kernel/ports/work-orders.ts";
import type { WorkApplication, WorkPlan, WorkReview } from "../kernel/ports/work-plans.ts";
import { createWorkPlans } from "../store/sql/work/plans.ts";
import { createDeterministicRandom } from "./deterministic-random.ts";
import { useStore, type CreateStoreFixture } from "./store-contract-fixture.ts";

const ids = createIds(systemClock, createDeterministicRandom("work plans"));
const plans = createWorkPlans();
const readings = [{ type: "photo", id: "p1", digest: "abc" }];

function orderKey(): WorkOrderKey {
  return { tenant: "acme", id: ids.next() };
}

function planFor(order: WorkOrderKey, revision = 1): Omit<WorkPlan, "createdAt" | "voidedBecause"> {
  const digest = `digest ${revision}`;
  return { order: order.id, tenant: order.tenant, revision, changes: "[]", readings, digest, expiresAt: 5 };
}

function reviewOf(revision = 1): Omit<WorkReview, "at" | "voided"> {
  const reviewer = { type: "user", id: "rita", onBehalfOf: "boss" } as const;
  const said = { authentication: "{}", notes: "fine" };
  return { id: ids.next(), revision, digest: `digest ${revision}`, decision: "approve", reviewer, ...said };
}

/** What plans, decisions about them and their ends promise on any transactional store. */
export function describeWorkPlansContract(name: string, create: CreateStoreFixture): void {
  describe(`${name}: plans of work`, () => {
    const current = useStore(create);

    it("are found by their revision, the newest where none is named, and by their own tenant alone", async () => {
      const order = orderKey();
      await current().write(async (writing) => {
        await plans.add(writing, planFor(order, 1));
        await plans.add(writing, planFor(order, 2));
      });
      await current().read(async (reading) => {
        const newest = await plans.find(reading, order);
        assert.ok(newest !== undefined && newest.createdAt > 0);
        const { createdAt: _, ...rest } = newest;
        assert.deepEqual(rest, { ...planFor(order, 2), voidedBecause: undefined });
        assert.equal((await plans.find(reading, order, 1))?.revision, 1);
        assert.equal(await plans.find(reading, order, 3), undefined);
        assert.equal(await plans.find(reading, { ...order, tenant: "other" }), undefined);
        assert.equal(await plans.find(reading, orderKey()), undefined);
      });
    });

    it("refuse a second plan of a revision", async () => {
      const order = orderKey();
      await current().write((writing) => plans.add(writing, planFor(order)));
      await assert.rejects(current().write((writing) => plans.add(writing, planFor(order))));
    });

    it("are voided with all that was decided about them, once and for good", async () => {
      const order = orderKey();
      const other = orderKey();
      await current().write(async (writing) => {
        for (const key of [order, other]) {
          await plans.add(writing, planFor(key));
          await plans.review(writing, key, reviewOf());
        }
        await plans.void(writing, order, "plan_stale");
        await plans.add(writing, planFor(order, 2));
        await plans.review(writing, order, reviewOf(2));
      });
      await current().read(async (reading) => {
        assert.equal((await plans.find(reading, order, 1))?.voidedBecause, "plan_stale");
        assert.equal((await plans.find(reading, order, 2))?.voidedBecause, undefined);
        assert.equal((await plans.find(reading, other))?.voidedBecause, undefined);
        const voided = (await plans.reviews(reading, order)).map((review) => [review.revision, review.voided]);
        assert.deepEqual(voided, [
          [1, true],
          [2, false],
        ]);
        assert.deepEqual(
          (await plans.reviews(reading, other)).map((review) => review.voided),
          [false],
        );
      });
      await current().write((writing) => plans.void(writing, order, "again"));
      await current().read(async (reading) => {
        assert.equal((await plans.find(reading, order, 1))?.voidedBecause, "plan_stale");
        assert.equal((await plans.find(reading, order, 2))?.voidedBecause, "again");
      });
    });

    it("keep decisions with who has made them, in their order", async () => {
      const order = orderKey();
      const reviews = [reviewOf(), { ...reviewOf(), reviewer: { type: "user", id: "sam" }, notes: "" } as const];
      await current().write(async (writing) => {
        for (const review of reviews) await plans.review(writing, order, review);
      });
      const kept = await current().read((reading) => plans.reviews(reading, order));
      assert.deepEqual(
        kept.map(({ at: _, ...review }) => review),
        reviews.map((review) => ({ ...review, voided: false })),
      );
      assert.deepEqual(await current().read((reading) => plans.reviews(reading, { ...order, tenant: "other" })), []);
    });

    it("keep what became of each try", async () => {
      const order = orderKey();
      const actor = { type: "system", id: "work" } as const;
      const tries: readonly Omit<WorkApplication, "at">[] = [
        { revision: 1, attempt: 1, state: "stale", actor, changes: "", detail: "photo p1" },
        { revision: 2, attempt: 1, state: "applied", actor, changes: "[]", detail: "" },
      ];
      await current().write(async (writing) => {
        for (const application of tries.toReversed()) await plans.applied(writing, order, application);
      });
      const kept = await current().read((reading) => plans.applications(reading, order));
      assert.deepEqual(
        kept.map(({ at: _, ...application }) => application),
        tries,
      );
    });
  });
}
