import type { ActionContext } from "../../kernel/action.ts";
import type { ReadTransaction } from "../../kernel/ports/store.ts";
import type { WorkOrder } from "../../kernel/ports/work-orders.ts";
import type { WorkPlan, WorkReview } from "../../kernel/ports/work-plans.ts";
import { actorOf } from "../provenance.ts";
import { openChanges } from "../plan/opened-order.ts";
import { shownActor, shownEvent, shownReview } from "../reading/shown.ts";
import { isIndependent, isSteppedUp, ruleOf, standingApprovals } from "../review/policy.ts";
import type { WorkReviewParts } from "../review/review-parts.ts";
import { countChanges, maskChange } from "../space/changes.ts";
import { openDetails } from "../subject/event-details.ts";
import type { OrderPayloads } from "../subject/payloads.ts";
import { driftOf } from "./drift.ts";
import { shownProvenance, type OpenedCase } from "./shown-items.ts";

/** Which changes of a plan are shown: so many, those after a step. */
export interface ChangePage {
  readonly after: number;
  readonly limit: number;
}

/** A plan as reviewers see it: masked, with what has changed since it was made. */
export async function showPlan(
  transaction: ReadTransaction,
  { order, type, payloads }: OpenedCase,
  { plan, page: { after, limit } }: { readonly plan: WorkPlan; readonly page: ChangePage },
) {
  const changes = openChanges(payloads, plan);
  if (changes === undefined) throw new Error(`The plan ${plan.revision} of the order ${order.id} was altered.`);
  const { revision, digest, createdAt, expiresAt, voidedBecause, readings } = plan;
  const page = changes.slice(after, after + limit);
  const { tenant } = order;
  return {
    ...{ revision, digest, created_at: createdAt, expires_at: expiresAt, total: changes.length },
    ...(voidedBecause === undefined ? {} : { voided_because: voidedBecause }),
    ...(after + page.length < changes.length ? { next: after + page.length } : {}),
    ...{ counts: countChanges(changes), changes: page.map(maskChange), readings: readings.length },
    drift: type === undefined ? [] : await driftOf(transaction, { tenant, type, payloads, readings }),
  };
}

/** Approvals so far, how many there have to be, and what stands in the way of whoever looks. */
export async function showStanding(
  { orders, plans, reviewRules, authenticationOf }: WorkReviewParts,
  { attempt, principal, transaction, now }: ActionContext<unknown, "none">,
  { order, type, plan }: Pick<OpenedCase, "order" | "type"> & { readonly plan: WorkPlan | undefined },
) {
  const rule = type === undefined ? undefined : ruleOf(reviewRules, type, order.risk);
  const reviews = await plans.reviews(transaction, order);
  const standing = rule === undefined || plan === undefined ? [] : standingApprovals(plan, { reviews, rule, now });
  const reviewer = actorOf(principal);
  const involved = [order.proposer, ...(await orders.holders(transaction, order))];
  const approvers = standing.map((review) => review.reviewer);
  return {
    approvals: approvers.map(shownActor),
    needed: rule?.approvals ?? 0,
    step_up: rule?.stepUp ?? false,
    stepped_up: isSteppedUp(await authenticationOf(transaction, { principal, attempt }), now),
    independent: isIndependent(reviewer, involved),
    approved_already: !isIndependent(reviewer, approvers),
  };
}

const EVENTS_SHOWN = 50;

/** What has happened to an order, what was decided before, and what became of tries to carry it out. */
export async function showHistory(
  { orders, plans }: WorkReviewParts,
  transaction: ReadTransaction,
  { order, payloads }: { readonly order: WorkOrder; readonly payloads: OrderPayloads | undefined },
) {
  const events = await orders.events(transaction, order, { limit: EVENTS_SHOWN });
  const reviews: readonly WorkReview[] = await plans.reviews(transaction, order);
  const applications = await plans.applications(transaction, order);
  return {
    events: events.map((event) => ({
      ...shownEvent(event, { order, payloads }),
      ...(event.provenance === undefined ? {} : shownProvenance(event.provenance)),
    })),
    reviews: reviews.map((review) => shownReview(review, payloads)),
    applications: applications.map(({ revision, attempt, state, detail, at }) => ({
      ...{ revision, attempt, state, detail, at },
    })),
  };
}

/** What whoever proposed an order has called it. */
export async function titleOf(
  { orders }: WorkReviewParts,
  transaction: ReadTransaction,
  { order, payloads }: { readonly order: WorkOrder; readonly payloads: OrderPayloads | undefined },
): Promise<string> {
  const [proposed] = await orders.events(transaction, order, { kind: "proposed", limit: 1 });
  const title = proposed === undefined ? undefined : openDetails(payloads, order, proposed)["title"];
  return typeof title === "string" ? title : "";
}
