import { z } from "zod";
import { defineAction, type ActionContext, type AnyAction } from "../../kernel/action.ts";
import { deny, isDenial, type Denial } from "../../kernel/outcome.ts";
import type { WriteTransaction } from "../../kernel/ports/store.ts";
import type { WorkOrder } from "../../kernel/ports/work-orders.ts";
import type { WorkPlan } from "../../kernel/ports/work-plans.ts";
import { workEvents } from "../events.ts";
import { AWAITING_REVIEW } from "../plan/make-plan.ts";
import { workProblems } from "../problems.ts";
import { actorOf, provenanceOf } from "../provenance.ts";
import type { OrderPayloads } from "../subject/payloads.ts";
import { changedOrder, erased, unknownOrder, wrongState } from "./answers.ts";
import { approveOrder, measureDecision } from "./approval.ts";
import { ItemKey, Notes, ReviewErrors, SeenPlan } from "./inputs.ts";
import { notesPlace } from "./notes.ts";
import { moveItems, moveOrder, type Telling } from "./order-steps.ts";
import { isIndependent, isSteppedUp, ruleOf, standingApprovals, type ReviewerAuthentication } from "./policy.ts";
import type { WorkReviewParts } from "./review-parts.ts";

const Approve = z.strictObject({ ...SeenPlan, notes: Notes.default("") });
const Reject = z.strictObject({
  ...SeenPlan,
  errors: ReviewErrors,
  allow_rework: z.boolean().default(false),
  /** Which items are to be done again, with what is wrong with each of them besides. Default: all. */
  items: z
    .array(z.union([ItemKey, z.strictObject({ key: ItemKey, errors: ReviewErrors })]))
    .min(1)
    .max(1000)
    .optional(),
});

interface Decided {
  readonly order: string;
  readonly decision: string;
}

/** What reviewers decide about plans. */
export function createDecisionActions(parts: WorkReviewParts): readonly AnyAction[] {
  return [approveAction(parts), rejectAction(parts)];
}

function approveAction(parts: WorkReviewParts): AnyAction {
  const { rules, entrances } = parts;
  return defineAction({
    ...{ name: "work.approve", entrances, input: Approve, effects: "store", limits: rules.limits },
    authorise: rules.permit("work:review", "work.approve"),
    idempotency: { required: true },
    audit: {
      event: workEvents.work_reviewed,
      target: ({ order }) => order,
      context: ({ revision, digest }, { decision }: Decided) => ({ decision, revision, digest }),
    },
    run: (context) => approve(parts, context),
  });
}

async function approve(parts: WorkReviewParts, context: ActionContext<z.infer<typeof Approve>, "store">) {
  const { plans, types, reviewRules } = parts;
  const { attempt, input, transaction } = context;
  const reviewed = await findReviewed(parts, context);
  if (isDenial(reviewed)) return reviewed;
  const { order, plan, payloads } = reviewed;
  const now = await transaction.now();
  if (plan === undefined || order.reason !== AWAITING_REVIEW) return wrongState(order, "There is no plan to approve.");
  if (plan.voidedBecause !== undefined || plan.expiresAt <= now) return deny(workProblems.PLAN_STALE);
  const type = types.find(order.type);
  if (type === undefined) return wrongState(order, "Its type is not there any more.");
  const rule = ruleOf(reviewRules, type, order.risk);
  const reviewer = actorOf(context.principal);
  const standing = standingApprovals(plan, { reviews: await plans.reviews(transaction, order), rule, now });
  const before = standing.map((review) => review.reviewer);
  if (!isIndependent(reviewer, before))
    return deny(workProblems.REVIEWER_NOT_INDEPENDENT, { detail: "You have approved it already." });
  const authentication = await parts.authenticationOf(transaction, context);
  if (rule.stepUp && !isSteppedUp(authentication, now)) return parts.rules.stepUp(attempt);
  const approvals = standing.length + 1;
  const moved = await approveOrder(parts, transaction, {
    ...{ order, payloads, plan, provenance: provenanceOf(attempt), last: approvals >= rule.approvals },
    review: { reviewer, authentication: textOf(authentication), notes: input.notes },
  });
  return { ...changedOrder(moved), decision: "approve", digest: plan.digest, approvals, needed: rule.approvals };
}

function rejectAction(parts: WorkReviewParts): AnyAction {
  const { rules, entrances } = parts;
  return defineAction({
    ...{ name: "work.reject", entrances, input: Reject, effects: "store", limits: rules.limits },
    authorise: rules.permit("work:review", "work.reject"),
    idempotency: { required: true },
    audit: {
      event: workEvents.work_reviewed,
      target: ({ order }) => order,
      context: ({ revision, digest }, { decision }: Decided) => ({ decision, revision, digest }),
    },
    run: (context) => reject(parts, context),
  });
}

type Rejecting = ActionContext<z.infer<typeof Reject>, "store">;

async function reject(parts: WorkReviewParts, context: Rejecting) {
  const { orders, plans, ids } = parts;
  const { input, attempt, principal, transaction } = context;
  const reviewed = await findReviewed(parts, context);
  if (isDenial(reviewed)) return reviewed;
  const { order, payloads } = reviewed;
  const { revision, digest, errors, allow_rework: allowed } = input;
  const keys = allowed ? await itemsToRework(parts, transaction, { order, named: input.items?.map(keyOf) }) : undefined;
  if (isDenial(keys)) return keys;
  const decision = allowed ? "rework" : "reject";
  const reviewer = actorOf(principal);
  const id = ids.next();
  const notes = payloads.seal(notesPlace({ id }), JSON.stringify(errors));
  const authentication = textOf(await parts.authenticationOf(transaction, context));
  await plans.review(transaction, order, { id, revision, digest, decision, reviewer, authentication, notes });
  await plans.void(transaction, order, decision);
  await measureDecision(parts, transaction, order);
  const telling: Telling = {
    ...{ kind: allowed ? "rework" : "rejected", actor: reviewer, provenance: provenanceOf(attempt), payloads },
    ...{ plain: { revision, digest }, payload: { errors } },
  };
  const change = allowed
    ? ({ state: "queued", reason: "rework" } as const)
    : ({ state: "rejected", reason: "" } as const);
  const moved = await moveOrder(orders, transaction, { order, change, telling });
  const item = allowed ? ({ to: "queued", runAt: await transaction.now() } as const) : ({ to: "rejected" } as const);
  let done = moved;
  for (const { of, wrong } of keys === undefined ? [{ of: undefined, wrong: errors }] : alike(keys, input)) {
    const named = of === undefined ? {} : { keys: of };
    const change = { from: ["submitted"], ...item, ...named, ...sealedErrors(payloads, wrong) } as const;
    const told = { ...telling, payload: { errors: wrong } };
    done = await moveItems(orders, transaction, { order: done, change, telling: told });
  }
  return { ...changedOrder(done), decision };
}

type Errors = Rejecting["input"]["errors"];

/** Items of which the same is said, together: those of which nothing is said besides, and each of the others. */
function alike(
  keys: readonly string[],
  { errors, items = [] }: Pick<Rejecting["input"], "errors" | "items">,
): readonly { readonly of: readonly string[]; readonly wrong: Errors }[] {
  const own = new Map(items.flatMap((item) => (typeof item === "string" ? [] : [[item.key, item.errors] as const])));
  const rest = keys.filter((key) => !own.has(key));
  const each = [...own].map(([key, wrong]) => ({ of: [key], wrong: [...errors, ...wrong] }));
  return rest.length === 0 ? each : [{ of: rest, wrong: errors }, ...each];
}

/** Reviewers' words about results are kept where each item's errors are. */
function sealedErrors(payloads: OrderPayloads, errors: Errors): { readonly errors: string } {
  return { errors: payloads.seal(["errors"], JSON.stringify(errors)) };
}

function keyOf(item: string | { readonly key: string }): string {
  return typeof item === "string" ? item : item.key;
}

/** The items of an order that are to be done again. */
async function itemsToRework(
  { orders }: WorkReviewParts,
  transaction: WriteTransaction,
  { order, named }: { readonly order: WorkOrder; readonly named: readonly string[] | undefined },
): Promise<readonly string[] | Denial> {
  const submitted = (await orders.items(transaction, order)).filter(({ state }) => state === "submitted");
  const keys = submitted.map(({ key }) => key);
  if (keys.length === 0) return wrongState(order, "There is nothing in it that could be done again.");
  const unknown = named?.find((key) => !keys.includes(key));
  if (unknown !== undefined) return deny(workProblems.WORK_ITEM_UNKNOWN, { detail: `It has no item ${unknown}.` });
  return named ?? keys;
}

interface Reviewed {
  readonly order: WorkOrder;
  readonly payloads: OrderPayloads;
  /** `undefined` where none could ever be made. */
  readonly plan: WorkPlan | undefined;
}

/** The submitted order with the plan that the reviewer has looked at, for somebody who has no part in it. */
async function findReviewed(
  { orders, plans, payloads: all }: WorkReviewParts,
  {
    attempt: { tenant },
    principal,
    input,
    transaction,
  }: ActionContext<Pick<Rejecting["input"], keyof typeof SeenPlan>, "store">,
): Promise<Reviewed | Denial> {
  const order = await orders.lock(transaction, { tenant, id: input.order });
  if (order === undefined) return unknownOrder();
  const involved = [order.proposer, ...(await orders.holders(transaction, order))];
  if (!isIndependent(actorOf(principal), involved)) return deny(workProblems.REVIEWER_NOT_INDEPENDENT);
  if (order.state !== "submitted") return wrongState(order);
  const plan = await plans.find(transaction, order);
  const { revision = 0, digest = "" } = plan ?? {};
  if (revision !== input.revision || digest !== input.digest)
    return deny(workProblems.PLAN_DIGEST_MISMATCH, { extensions: { revision, digest } });
  const payloads = await all.of(transaction, order);
  return payloads === undefined ? erased() : { order, payloads, plan };
}

function textOf({ at, secondFactor }: ReviewerAuthentication): string {
  return JSON.stringify({ at, secondFactor });
}
