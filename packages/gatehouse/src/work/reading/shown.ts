import type { z } from "zod";
import type { WorkActor, WorkEvent, WorkItem, WorkOrder } from "../../kernel/ports/work-orders.ts";
import type { WorkChange, WorkPlan, WorkReview } from "../../kernel/ports/work-plans.ts";
import { openErrors } from "../checkout/holding.ts";
import type { WireEvent, WireItem, WireOrder, WirePlanSummary, WireReview } from "../rest/shapes.ts";
import { openNotes } from "../review/notes.ts";
import { maskChange } from "../space/changes.ts";
import { openDetails } from "../subject/event-details.ts";
import type { OrderPayloads } from "../subject/payloads.ts";

/** An actor as the wire has it. */
export function shownActor({ type, id, onBehalfOf }: WorkActor): z.input<typeof WireOrder>["proposer"] {
  return { type, id, ...(onBehalfOf === undefined ? {} : { on_behalf_of: onBehalfOf }) };
}

/** An order as the wire has it: never its row. What was proposed is shown by the plan, where it is masked. */
export function shownOrder(order: WorkOrder): z.input<typeof WireOrder> {
  const { reverts, closedAt } = order;
  return {
    order: order.id,
    type: order.type,
    type_version: order.typeVersion,
    state: order.state,
    reason: order.reason,
    priority: order.priority,
    risk: order.risk,
    proposer: shownActor(order.proposer),
    ...(reverts === undefined ? {} : { reverts }),
    revision: order.planRevision,
    created_at: order.createdAt,
    updated_at: order.updatedAt,
    ...(closedAt === undefined ? {} : { closed_at: closedAt }),
  };
}

/** An item as the wire has it: without what was handed out and in. */
export function shownItem(item: WorkItem, payloads: OrderPayloads | undefined): z.input<typeof WireItem> {
  const { errors } = item;
  return {
    item: item.id,
    key: item.key,
    number: item.number,
    state: item.state,
    attempt: item.attempt,
    attempts: item.attempts,
    depends_on: [...item.dependsOn],
    ...(errors === undefined || payloads === undefined ? {} : { errors: shownErrors(payloads, item) }),
    updated_at: item.updatedAt,
  };
}

function shownErrors(payloads: OrderPayloads, item: WorkItem): z.input<typeof WireItem>["errors"] {
  // Only findings are kept there.
  return openErrors(payloads, item) as z.input<typeof WireItem>["errors"];
}

/** A plan in short. */
export function shownPlan(plan: WorkPlan): z.input<typeof WirePlanSummary> {
  const { revision, digest, createdAt, expiresAt, voidedBecause } = plan;
  return {
    ...{ revision, digest, created_at: createdAt },
    ...(expiresAt === undefined ? {} : { expires_at: expiresAt }),
    ...(voidedBecause === undefined ? {} : { voided_because: voidedBecause }),
  };
}

/** What was decided, without how whoever decided had signed in. */
export function shownReview(review: WorkReview, payloads: OrderPayloads | undefined): z.input<typeof WireReview> {
  const { revision, digest, decision, reviewer, at, voided } = review;
  const { notes, errors } = openNotes(payloads, review);
  const said = errors === undefined ? { notes } : { notes, errors: [...errors] };
  return { revision, digest, decision, reviewer: shownActor(reviewer), ...said, at, voided };
}

/** Something that happened, without what is known of the machine that did it. */
export function shownEvent(
  event: WorkEvent,
  { order, payloads }: { readonly order: WorkOrder; readonly payloads: OrderPayloads | undefined },
): z.input<typeof WireEvent> {
  const { id, item, kind, actor, from, to, at } = event;
  return {
    ...{ event: id, kind, actor: shownActor(actor), at, details: maskedDetails(openDetails(payloads, order, event)) },
    ...(item === undefined ? {} : { item }),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
  };
}

/** What was carried out is told with its changes, which are masked here as they are in their plan. */
function maskedDetails({ changes, ...told }: EventDetails): EventDetails {
  if (!Array.isArray(changes)) return changes === undefined ? told : { ...told, changes };
  // Only the changes of a plan are told under this name.
  return { ...told, changes: (changes as readonly WorkChange[]).map(maskChange) };
}

type EventDetails = Readonly<Record<string, unknown>>;
