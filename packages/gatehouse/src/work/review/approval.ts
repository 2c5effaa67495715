import type { WriteTransaction } from "../../kernel/ports/store.ts";
import type { WorkOrder, WorkProvenance } from "../../kernel/ports/work-orders.ts";
import type { WorkPlan, WorkReview } from "../../kernel/ports/work-plans.ts";
import type { OrderPayloads } from "../subject/payloads.ts";
import { addApply } from "../work-jobs.ts";
import { notesPlace } from "./notes.ts";
import { moveItems, moveOrder, relock, eventOf, type Telling } from "./order-steps.ts";
import type { WorkReviewParts } from "./review-parts.ts";

/** An approval of the plan of a locked order. */
export interface Approval {
  readonly order: WorkOrder;
  readonly payloads: OrderPayloads | undefined;
  readonly plan: Pick<WorkPlan, "revision" | "digest">;
  readonly review: Pick<WorkReview, "reviewer" | "authentication" | "notes">;
  readonly provenance?: WorkProvenance;
  /** Whether it is the last one that is needed. */
  readonly last: boolean;
}

/** Notes an approval; where it is the last one, the order is approved and its plan is carried out. */
export async function approveOrder(
  parts: WorkReviewParts,
  transaction: WriteTransaction,
  { order, payloads, plan: { revision, digest }, review, provenance, last }: Approval,
): Promise<WorkOrder> {
  const { orders, plans, jobs, ids } = parts;
  const { reviewer, notes } = review;
  const id = ids.next();
  const sealed = payloads === undefined || notes === "" ? "" : payloads.seal(notesPlace({ id }), notes);
  await plans.review(transaction, order, { ...review, id, revision, digest, decision: "approve", notes: sealed });
  const telling: Telling = {
    ...{ kind: "approved", actor: reviewer, plain: { revision, digest, last }, payload: { notes }, payloads },
    ...(provenance === undefined ? {} : { provenance }),
  };
  if (!last) {
    await orders.note(transaction, order, eventOf(order, telling, undefined));
    return relock(orders, transaction, order);
  }
  await measureDecision(parts, transaction, order);
  const approved = await moveOrder(orders, transaction, {
    order,
    change: { state: "approved", reason: "" },
    telling,
  });
  await addApply(jobs, transaction, order);
  return moveItems(orders, transaction, {
    order: approved,
    change: { from: ["submitted"], to: "accepted" },
    telling: { ...telling, kind: "accepted", payload: {} },
  });
}

/** Measures how long a locked order has waited for what was decided about it, since its last result was handed in. */
export async function measureDecision(
  { orders, measures }: WorkReviewParts,
  transaction: WriteTransaction,
  order: WorkOrder,
): Promise<void> {
  if (measures === undefined) return;
  const [submitted] = await orders.events(transaction, order, { kind: "submitted", limit: 1 });
  if (submitted === undefined) return;
  const waited = (await transaction.now()) - submitted.at;
  transaction.afterCommit(() => measures.waited("decision", waited));
}
