import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { ADA, RITA, SAM, worker } from "../../testing/review-kit-people.ts";
import { ReviewKit } from "../../testing/review-kit.ts";

const HOUR = 3_600_000;
const EXPIRES = 2 * HOUR;
const PAUSED = 15_000;
const START = 1_767_225_600_000;
const TINA = worker("tina", ["read", "review"], { type: "user" });
const REVIEWERS = [RITA, SAM, TINA];

type Step =
  | { readonly kind: "base"; readonly value: number }
  | { readonly kind: "approve"; readonly who: number; readonly back: number }
  | { readonly kind: "rework" | "reject" | "requeue" | "cancel" | "pause" | "resume" | "run" }
  | { readonly kind: "work"; readonly value: number }
  | { readonly kind: "wait"; readonly minutes: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("base"), value: fc.nat(2) }) },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant("approve"), who: fc.nat(2), back: fc.constantFrom(0, 0, 0, 1) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom("rework", "reject", "requeue", "cancel", "pause", "resume") }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("run") }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("work"), value: fc.nat(2) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("wait"), minutes: fc.constantFrom(1, 30, 90) }) },
) as fc.Arbitrary<Step>;

interface ModelPlan {
  readonly base: string;
  readonly name: string;
  readonly at: number;
  voided: boolean;
}

/**
 * What should happen to one order of one thing that two people have to approve, written as slowly and plainly as it can
 * be: everything that was ever said is kept, and looked through again each time.
 */
class Model {
  state = "queued";
  awaiting = false;
  thing = "base 0";
  result = "";
  paused = false;
  now = START;
  applyAt = Infinity;
  readonly plans: ModelPlan[] = [];
  readonly said: { readonly who: number; readonly revision: number; readonly at: number }[] = [];

  standing(): readonly number[] {
    const plan = this.plans.at(-1);
    if (plan === undefined || plan.voided) return [];
    const counted = this.said.filter(({ revision, at }) => revision === this.plans.length && at + EXPIRES > this.now);
    return [...new Set(counted.map(({ who }) => who))];
  }

  approve(who: number, back: number): string {
    if (this.state !== "submitted") return "WORK_STATE_CONFLICT";
    if (back !== 0) return "PLAN_DIGEST_MISMATCH";
    const plan = this.plans.at(-1);
    if (plan === undefined || !this.awaiting) return "WORK_STATE_CONFLICT";
    if (plan.voided || plan.at + EXPIRES <= this.now) return "PLAN_STALE";
    if (this.standing().includes(who)) return "REVIEWER_NOT_INDEPENDENT";
    this.said.push({ who, revision: this.plans.length, at: this.now });
    if (this.standing().length >= 2) {
      this.state = "approved";
      this.applyAt = this.now;
    }
    return "done";
  }

  voidPlan(): void {
    const plan = this.plans.at(-1);
    if (plan !== undefined) plan.voided = true;
  }

  decide(state: "queued" | "rejected"): string {
    if (this.state !== "submitted") return "WORK_STATE_CONFLICT";
    this.voidPlan();
    this.state = state;
    this.awaiting = false;
    return "done";
  }

  requeue(): string {
    if (this.state !== "rejected") return "WORK_STATE_CONFLICT";
    this.state = "queued";
    return "done";
  }

  cancel(): string {
    if (["completed", "rejected", "cancelled"].includes(this.state)) return "WORK_STATE_CONFLICT";
    this.voidPlan();
    this.state = "cancelled";
    return "done";
  }

  work(value: number): void {
    if (this.state !== "queued" || this.paused) return;
    this.state = "submitted";
    this.awaiting = false;
    this.result = `name ${value}`;
  }

  /** Jobs, until there are none that are due. */
  run(): void {
    for (;;) {
      const plan = this.plans.at(-1);
      if (this.state === "submitted" && this.awaiting && plan !== undefined && plan.at + EXPIRES <= this.now) {
        this.voidPlan();
        this.awaiting = false;
      } else if (this.state === "submitted" && !this.awaiting) {
        this.voidPlan();
        this.plans.push({ base: this.thing, name: this.result, at: this.now, voided: false });
        this.awaiting = true;
      } else if (this.state === "approved" && this.applyAt <= this.now) {
        this.apply(plan ?? assert.fail());
      } else return;
    }
  }

  apply(plan: ModelPlan): void {
    if (this.paused) {
      this.applyAt = this.now + PAUSED;
      return;
    }
    this.applyAt = Infinity;
    if (this.standing().length < 2 || plan.at + EXPIRES <= this.now || this.thing !== plan.base) {
      this.voidPlan();
      this.state = "submitted";
      this.awaiting = false;
      return;
    }
    this.thing = plan.name;
    this.state = "completed";
  }
}

/** Has the same happen to the model and to the real order; what both say of it. */
async function take(kit: ReviewKit, model: Model, order: string, taken: Step): Promise<void> {
  const attempt = async (action: string, input: object, as = ADA): Promise<string> => {
    const outcome = await kit.attempt(action, input, as);
    return outcome.ok ? "done" : outcome.problem.code;
  };
  const seen = await kit.store.read(async (reading) => {
    const { length } = model.plans;
    const back = taken.kind === "approve" ? taken.back : 0;
    const plan = await kit.parts.plans.find(reading, { tenant: "acme", id: order }, Math.max(0, length - back));
    return { order, revision: plan?.revision ?? 0, digest: plan?.digest ?? "" };
  });
  const back = seen.revision === model.plans.length ? 0 : 1;
  const pause = { kind: "type", name: "things.rename" };
  const errors = [{ code: "no", message: "no" }];
  switch (taken.kind) {
    case "base":
      model.thing = `base ${taken.value}`;
      return kit.setThing("a", { name: model.thing, secret: "" });
    case "approve": {
      const said = await attempt("work.approve", seen, REVIEWERS[taken.who]);
      return assert.equal(said, model.approve(taken.who, back));
    }
    case "rework":
    case "reject": {
      const rework = taken.kind === "rework";
      const said = await attempt("work.reject", { ...seen, errors, allow_rework: rework }, RITA);
      return assert.equal(said, model.decide(rework ? "queued" : "rejected"));
    }
    case "requeue":
      if (model.state === "submitted" || model.state === "failed") return;
      return assert.equal(await attempt("work.requeue", { order }), model.requeue());
    case "cancel":
      return assert.equal(await attempt("work.cancel", { order }), model.cancel());
    case "pause":
      model.paused = true;
      return assert.equal(await attempt("work.pause", { ...pause, reason: "wait" }), "done");
    case "resume":
      assert.equal(await attempt("work.resume", pause), model.paused ? "done" : "NOT_FOUND");
      model.paused = false;
      return;
    case "run":
      await kit.run();
      return model.run();
    case "work":
      await kit.work(order, { a: `name ${taken.value}` });
      return model.work(taken.value);
    case "wait":
      await kit.clock.advance(taken.minutes * 60_000);
      model.now += taken.minutes * 60_000;
      return;
  }
}

describe("reviewing and applying, in any order", () => {
  it("does what a slow model of it does", async () => {
    const ends = new Set<string>();
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60, size: "max" }), async (steps) => {
        const rule = { approvals: 2, stepUp: false, expires: EXPIRES };
        await using kit = await ReviewKit.open({ reviewRules: { medium: rule } });
        const model = new Model();
        await kit.setThing("a", { name: model.thing, secret: "" });
        const order = await kit.propose({ things: ["a"] });
        for (const taken of steps) {
          await take(kit, model, order, taken);
          const { state, planRevision } = await kit.find(order);
          assert.deepEqual([state, planRevision], [model.state, model.plans.length], JSON.stringify(taken));
          assert.equal((await kit.thing("a"))?.name, model.thing, JSON.stringify(taken));
        }
        ends.add(model.state);
        const verified = await kit.store.read((reading) =>
          kit.parts.orders.verify(reading, { tenant: "acme", id: order }),
        );
        assert.equal(verified, undefined);
        assert.deepEqual(kit.kit.reported, []);
      }),
      { numRuns: 150 },
    );
    assert.ok(ends.has("completed") && ends.size >= 3, [...ends].join(" "));
  });
});
