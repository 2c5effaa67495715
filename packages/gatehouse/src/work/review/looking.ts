import { z } from "zod";
import { defineAction, type ActionContext, type AnyAction } from "../../kernel/action.ts";
import { deny, isDenial, type Denial } from "../../kernel/outcome.ts";
import type { WorkOrder } from "../../kernel/ports/work-orders.ts";
import type { WorkChange, WorkPlan } from "../../kernel/ports/work-plans.ts";
import { problems } from "../../kernel/problems.ts";
import { workEvents } from "../events.ts";
import { openChanges } from "../plan/opened-order.ts";
import { actorOf, provenanceOf } from "../provenance.ts";
import { countChanges, maskChange } from "../space/changes.ts";
import type { OrderPayloads } from "../subject/payloads.ts";
import { permitEither, seesOrder } from "./access.ts";
import { erased, unknownOrder } from "./answers.ts";
import { OrderId, Reason } from "./inputs.ts";
import { eventOf } from "./order-steps.ts";
import { ruleOf, standingApprovals } from "./policy.ts";
import type { WorkReviewParts } from "./review-parts.ts";

const Preview = z.strictObject({
  order: OrderId,
  /** Default: the newest. */
  revision: z.int().min(1).optional(),
  /** Changes after this step. */
  after: z.int().min(0).default(0),
  limit: z.int().min(1).max(500).default(200),
});
const Reveal = z.strictObject({
  order: OrderId,
  revision: z.int().min(1),
  step: z.int().min(1),
  reason: Reason,
});

/** Looking at plans: with what is sensitive masked, and without, which is told. */
export function createLookingActions(parts: WorkReviewParts): readonly AnyAction[] {
  return [previewAction(parts), revealAction(parts)];
}

function previewAction(parts: WorkReviewParts): AnyAction {
  const { orders, rules, entrances } = parts;
  return defineAction({
    ...{ name: "work.preview", entrances, input: Preview, effects: "none", limits: rules.limits },
    authorise: permitEither(rules, "work.preview", ["work:read", "work:review"]),
    async run(context) {
      const { attempt, input, transaction } = context;
      const order = await orders.find(transaction, { tenant: attempt.tenant, id: input.order });
      if (order === undefined || !(await seesOrder(rules, "work.preview", { ...context, order })))
        return unknownOrder();
      const found = await findPlan(parts, context, order);
      if (isDenial(found)) return found;
      const { plan, changes } = found;
      const page = changes.slice(input.after, input.after + input.limit);
      return {
        ...{ order: order.id, state: order.state, reason: order.reason, risk: order.risk },
        ...(await shownPlan(parts, context, { order, plan })),
        counts: countChanges(changes),
        changes: page.map(maskChange),
        ...(input.after + page.length < changes.length ? { next: input.after + page.length } : {}),
      };
    },
  });
}

async function shownPlan(
  { plans, types, reviewRules }: WorkReviewParts,
  { transaction, now }: ActionContext<unknown, "none">,
  { order, plan }: { readonly order: WorkOrder; readonly plan: WorkPlan },
) {
  const type = types.find(order.type);
  const reviews = await plans.reviews(transaction, order);
  const rule = type === undefined ? undefined : ruleOf(reviewRules, type, order.risk);
  const standing = rule === undefined ? [] : standingApprovals(plan, { reviews, rule, now });
  return {
    ...{ revision: plan.revision, digest: plan.digest, created_at: plan.createdAt, expires_at: plan.expiresAt },
    ...(plan.voidedBecause === undefined ? {} : { voided_because: plan.voidedBecause }),
    approvals: { standing: standing.length, needed: rule?.approvals ?? 0, step_up: rule?.stepUp ?? false },
    reverts: order.reverts,
  };
}

function revealAction(parts: WorkReviewParts): AnyAction {
  const { orders, rules, entrances } = parts;
  return defineAction({
    // Every look is told, repeated ones as well; and no answer of it is kept anywhere.
    ...{ name: "work.reveal", entrances, input: Reveal, effects: "store", idempotency: false, limits: rules.limits },
    authorise: rules.permit("work:review", "work.reveal"),
    audit: {
      event: workEvents.work_value_revealed,
      target: ({ order }) => order,
      context: ({ revision, step, reason }, { members }: { readonly members: readonly string[] }) => ({
        ...{ revision, step, reason, members: members.join(" ") },
      }),
    },
    async run(context) {
      const { attempt, principal, input, transaction } = context;
      const order = await orders.find(transaction, { tenant: attempt.tenant, id: input.order });
      if (order === undefined) return unknownOrder();
      const found = await findPlan(parts, context, order);
      if (isDenial(found)) return found;
      const change = found.changes.find(({ step }) => step === input.step);
      if (change === undefined) return deny(problems.NOT_FOUND, { detail: "The plan has no such step." });
      const { revision, step, reason } = input;
      const { before, after, sensitive: members } = change;
      const telling = { kind: "revealed", actor: actorOf(principal), provenance: provenanceOf(attempt) };
      const told = { ...telling, plain: { revision, step, members }, payload: { reason }, payloads: found.payloads };
      // Of orders that have gone to the history, the audit trail alone tells it.
      if ((await orders.lock(transaction, order)) !== undefined)
        await orders.note(transaction, order, eventOf(order, told, undefined));
      return { order: order.id, revision, step, members, before, after };
    },
  });
}

interface FoundPlan {
  readonly plan: WorkPlan;
  readonly changes: readonly WorkChange[];
  readonly payloads: OrderPayloads;
}

async function findPlan(
  { plans, payloads: all }: WorkReviewParts,
  { input: { revision }, transaction }: ActionContext<{ readonly revision?: number | undefined }, "none" | "store">,
  order: WorkOrder,
): Promise<FoundPlan | Denial> {
  const plan = await plans.find(transaction, order, revision);
  if (plan === undefined) return deny(problems.NOT_FOUND, { detail: noPlan(order, revision) });
  const payloads = await all.of(transaction, order);
  if (payloads === undefined) return erased();
  const changes = openChanges(payloads, plan);
  if (changes === undefined) throw new Error(`The plan ${plan.revision} of the order ${order.id} was altered.`);
  return { plan, changes, payloads };
}

/** Whoever looks for a plan in vain is told what to wait for, or where it says why there is none. */
function noPlan({ planRevision, state, reason }: WorkOrder, revision: number | undefined): string {
  if (planRevision > 0) return `There is no plan ${revision ?? planRevision}; the newest is ${planRevision}.`;
  if (reason === "preview_failed")
    return "No plan could be made of it. What happened to the order says why (work.logs).";
  if (state === "submitted") return "There is no plan yet; it is made in a moment.";
  return `There is no plan: the order is ${state}, and one is made once all its items are submitted.`;
}
