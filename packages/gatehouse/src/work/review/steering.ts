import { z } from "zod";
import { defineAction, type ActionContext, type AnyAction } from "../../kernel/action.ts";
import { deny, isDenial, type Denial } from "../../kernel/outcome.ts";
import type { WriteTransaction } from "../../kernel/ports/store.ts";
import type { ItemState } from "../../kernel/work-states.ts";
import type { WorkOrder } from "../../kernel/ports/work-orders.ts";
import { workEvents } from "../events.ts";
import { openApplied } from "../plan/opened-order.ts";
import { PREVIEW_FAILED } from "../plan/make-plan.ts";
import { workProblems } from "../problems.ts";
import { actorOf, provenanceOf } from "../provenance.ts";
import { inverseOf } from "../space/changes.ts";
import { sealDetails } from "../subject/event-details.ts";
import { addPreview } from "../work-jobs.ts";
import { isProposer, permitEither, standingOf, type Standing } from "./access.ts";
import { changedOrder, erased, unknownOrder, wrongState } from "./answers.ts";
import { ItemKey, OrderId, Reason, writtenText } from "./inputs.ts";
import { eventOf, moveItems, moveOrder, relock, type Telling } from "./order-steps.ts";
import type { WorkReviewParts } from "./review-parts.ts";

const Cancel = z.strictObject({ order: OrderId, reason: Reason.optional() });
const Comment = z.strictObject({ order: OrderId, text: writtenText(4000).min(1) });
const Revert = z.strictObject({ order: OrderId, reason: Reason.optional() });
const Requeue = z.strictObject({ order: OrderId, items: z.array(ItemKey).min(1).max(1000).optional() });

const CANCELLABLE: ReadonlySet<WorkOrder["state"]> = new Set([
  ...(["queued", "checked_out", "in_progress", "submitted", "approved", "failed"] as const),
]);
const UNFINISHED: readonly ItemState[] = ["queued", "leased", "in_progress", "submitted", "accepted", "failed"];

/** What becomes of orders besides reviews: cancelled, commented, taken back, put to work again. */
export function createSteeringActions(parts: WorkReviewParts): readonly AnyAction[] {
  return [cancelAction(parts), commentAction(parts), revertAction(parts), requeueAction(parts)];
}

/** Who has proposed an order, or administers, ends it before anything was changed. Leases on it end. */
function cancelAction(parts: WorkReviewParts): AnyAction {
  const { orders, plans, payloads: all, rules, entrances } = parts;
  return defineAction({
    ...{ name: "work.cancel", entrances, input: Cancel, effects: "store", limits: rules.limits },
    authorise: permitEither(rules, "work.cancel", ["work:propose", "work:admin"]),
    idempotency: { required: true },
    audit: {
      event: workEvents.work_cancelled,
      target: ({ order }) => order,
      context: (_input, { was }: { readonly was: string }) => ({ was }),
    },
    prepare: (context) => standingOf(rules, "work.cancel", context),
    async run(context) {
      const { attempt, principal, input, prepared, transaction } = context;
      const order = await orders.lock(transaction, { tenant: attempt.tenant, id: input.order });
      if (order === undefined || !(prepared.administers || isProposer(order, context))) return unknownOrder();
      if (!CANCELLABLE.has(order.state)) return wrongState(order);
      const telling: Telling = {
        ...{ kind: "cancelled", actor: actorOf(principal), provenance: provenanceOf(attempt) },
        ...(input.reason === undefined ? {} : { payload: { reason: input.reason } }),
        payloads: await all.of(transaction, order),
      };
      await plans.void(transaction, order, "cancelled");
      const change = { state: "cancelled", reason: "" } as const;
      const moved = await moveOrder(orders, transaction, { order, change, telling });
      const done = await moveItems(orders, transaction, {
        ...{ order: moved, change: { from: UNFINISHED, to: "cancelled" }, telling },
      });
      return { ...changedOrder(done), was: order.state };
    },
  });
}

function commentAction(parts: WorkReviewParts): AnyAction {
  const { orders, payloads: all, rules, entrances } = parts;
  return defineAction({
    ...{ name: "work.comment", entrances, input: Comment, effects: "store", limits: rules.limits },
    authorise: permitEither(rules, "work.comment", ["work:propose", "work:review"]),
    audit: { event: workEvents.work_commented, target: ({ order }) => order },
    prepare: (context) => standingOf(rules, "work.comment", context),
    async run(context) {
      const { attempt, principal, input, transaction } = context;
      const order = await orders.lock(transaction, { tenant: attempt.tenant, id: input.order });
      if (order === undefined || !sees(order, context)) return unknownOrder();
      const payloads = await all.of(transaction, order);
      if (payloads === undefined) return erased();
      const telling: Telling = {
        ...{ kind: "comment", actor: actorOf(principal), provenance: provenanceOf(attempt), payloads },
        payload: { text: input.text },
      };
      await orders.note(transaction, order, eventOf(order, telling, undefined));
      return { order: order.id };
    },
  });
}

/** Whether somebody sees an order: their own, and whoever reviews or administers sees all. */
function sees(order: WorkOrder, context: ActionContext<unknown, "store", Standing>): boolean {
  return context.prepared.reviews || context.prepared.administers || isProposer(order, context);
}

/** Proposes the inverse of an applied order, which is planned and reviewed as any other. */
function revertAction(parts: WorkReviewParts): AnyAction {
  const { rules, entrances } = parts;
  return defineAction({
    ...{ name: "work.revert", entrances, input: Revert, effects: "store", limits: rules.limits },
    authorise: rules.permit("work:propose", "work.revert"),
    idempotency: { required: true },
    audit: {
      event: workEvents.work_proposed,
      target: (_input, { order }: { readonly order: string }) => order,
      context: ({ order }) => ({ reverts: order }),
    },
    prepare: (context) => standingOf(rules, "work.revert", context),
    run: (context) => revert(parts, context),
  });
}

async function revert(parts: WorkReviewParts, context: ActionContext<z.infer<typeof Revert>, "store", Standing>) {
  const { orders, payloads: all, ids, jobs } = parts;
  const { attempt, principal, input, transaction } = context;
  const { tenant } = attempt;
  const taken = await orders.find(transaction, { tenant, id: input.order });
  if (taken === undefined || !sees(taken, context)) return unknownOrder();
  const refused = await whyNotRevertible(parts, transaction, taken);
  if (refused !== undefined) return refused;
  const old = await all.of(transaction, taken);
  const id = ids.next();
  const payloads = await all.begin(transaction, { tenant, id, subject: taken.subject });
  if (old === undefined || payloads === undefined) return erased();
  const { type, typeVersion, priority, risk, inputHash, subject } = taken;
  const order = {
    ...{ id, tenant, type, typeVersion, priority, risk, inputHash, subject, reverts: taken.id },
    input: payloads.seal(["input"], old.open(["input"], taken.input)),
    ...{ proposer: actorOf(principal), provenance: provenanceOf(attempt) },
  };
  const told = {
    plain: { type, reverts: taken.id },
    ...(input.reason === undefined ? {} : { payload: { reason: input.reason } }),
  };
  const details = sealDetails(payloads, order, { kind: "proposed", ...told });
  const event = { item: undefined, kind: "proposed", actor: order.proposer, from: undefined, to: "queued", details };
  await orders.add(transaction, order, [], [{ ...event, provenance: order.provenance }]);
  const added = await relock(orders, transaction, { tenant, id });
  const telling = { kind: "submitted", actor: order.proposer, payloads };
  const moved = await moveOrder(orders, transaction, { order: added, change: { state: "submitted" }, telling });
  await noteRevert(parts, transaction, { taken, telling: { ...telling, plain: { by: id }, payloads: old } });
  await addPreview(jobs, transaction, moved);
  return { ...changedOrder(moved), reverts: taken.id };
}

/** Orders that have gone to the history are changed no more. */
async function noteRevert(
  { orders }: WorkReviewParts,
  transaction: WriteTransaction,
  { taken, telling }: { readonly taken: WorkOrder; readonly telling: Telling },
): Promise<void> {
  const order = await orders.lock(transaction, taken);
  if (order !== undefined)
    await orders.note(transaction, order, eventOf(order, { ...telling, kind: "revert_proposed" }, undefined));
}

async function whyNotRevertible(
  { plans, types, payloads: all }: WorkReviewParts,
  transaction: WriteTransaction,
  taken: WorkOrder,
): Promise<Denial | undefined> {
  if (taken.state !== "completed") return wrongState(taken, "Only what was applied can be taken back.");
  const type = types.find(taken.type);
  if (type === undefined || type.version !== taken.typeVersion || type.revert === false)
    return deny(workProblems.WORK_NOT_REVERTIBLE);
  const payloads = await all.of(transaction, taken);
  if (payloads === undefined) return erased();
  const applied = (await plans.applications(transaction, taken)).findLast(({ state }) => state === "applied");
  const changes = applied === undefined ? undefined : openApplied(payloads, applied);
  const nothing = changes === undefined || inverseOf(changes).length === 0;
  return nothing ? deny(workProblems.WORK_NOT_REVERTIBLE) : undefined;
}

/** Puts an order to work again that was rejected or has failed, or whose plan could not be made. */
function requeueAction(parts: WorkReviewParts): AnyAction {
  const { rules, entrances } = parts;
  return defineAction({
    ...{ name: "work.requeue", entrances, input: Requeue, effects: "store", limits: rules.limits },
    authorise: rules.permit("work:admin", "work.requeue"),
    audit: {
      event: workEvents.work_requeued,
      target: ({ order }) => order,
      context: (_input, { was }: { readonly was: string }) => ({ was }),
    },
    run: (context) => requeue(parts, context),
  });
}

async function requeue(
  parts: WorkReviewParts,
  { attempt, principal, input, transaction }: ActionContext<z.infer<typeof Requeue>, "store">,
) {
  const { orders, payloads: all, jobs } = parts;
  const order = await orders.lock(transaction, { tenant: attempt.tenant, id: input.order });
  if (order === undefined) return unknownOrder();
  const payloads = await all.of(transaction, order);
  if (payloads === undefined) return erased();
  const telling: Telling = { kind: "requeued", actor: actorOf(principal), provenance: provenanceOf(attempt), payloads };
  if (order.state === "submitted" && order.reason === PREVIEW_FAILED) {
    await addPreview(jobs, transaction, order);
    return { ...changedOrder(order), was: order.state };
  }
  if (order.state !== "rejected" && order.state !== "failed") return wrongState(order);
  const again = await itemsAgain(parts, transaction, { order, named: input.items });
  if (isDenial(again)) return again;
  const queued = { state: "queued", reason: "requeued" } as const;
  let moved = await moveOrder(orders, transaction, { order, change: queued, telling });
  if (again.length > 0) {
    const runAt = await transaction.now();
    const from = ["rejected", "failed", "submitted"] as const;
    const change = { from, keys: again, to: "queued", runAt } as const;
    moved = await moveItems(orders, transaction, { order: moved, change, telling });
  } else {
    const submitted = { ...telling, kind: "submitted" };
    moved = await moveOrder(orders, transaction, {
      order: moved,
      change: { state: "submitted", reason: "" },
      telling: submitted,
    });
    await addPreview(jobs, transaction, moved);
  }
  return { ...changedOrder(moved), was: order.state };
}

/** The items that are to be done again: those that are named, and all that were rejected or have failed. */
async function itemsAgain(
  { orders }: WorkReviewParts,
  transaction: WriteTransaction,
  { order, named = [] }: { readonly order: WorkOrder; readonly named: readonly string[] | undefined },
): Promise<readonly string[] | Denial> {
  const items = await orders.items(transaction, order);
  const unknown = named.find((key) => !items.some((item) => item.key === key));
  if (unknown !== undefined) return deny(workProblems.WORK_ITEM_UNKNOWN, { detail: `It has no item ${unknown}.` });
  const again = items.filter(({ key, state }) => state === "rejected" || state === "failed" || named.includes(key));
  return again.map(({ key }) => key);
}
