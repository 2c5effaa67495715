import type { AnyAction } from "../../kernel/action.ts";
import type { WriteTransaction } from "../../kernel/ports/store.ts";
import type { WorkOrder } from "../../kernel/ports/work-orders.ts";
import { AUTO_APPROVAL, isSameActor, WORKER } from "../actors.ts";
import { defineWorkerAction, type JobSubject } from "../apply/worker-action.ts";
import { workEvents } from "../events.ts";
import { approveOrder } from "../review/approval.ts";
import { moveOrder, planAnew, type Telling } from "../review/order-steps.ts";
import { ruleOf } from "../review/policy.ts";
import type { WorkReviewParts } from "../review/review-parts.ts";
import { countChanges } from "../space/changes.ts";
import type { SpaceRecord } from "../space/recording-space.ts";
import { addExpiry } from "../work-jobs.ts";
import { openOrder, planPlace, type OpenedOrder } from "./opened-order.ts";
import { planDigest } from "./plan-digest.ts";
import { plan } from "./planning.ts";

/** What became of a job that makes a plan. */
export interface PlanMade {
  readonly order: string;
  /** `none`: there was nothing to be done. */
  readonly outcome: "planned" | "failed" | "none";
  readonly revision?: number;
  readonly digest?: string;
  /** Whether a rule of the order's type has approved it at once. */
  readonly approved?: boolean;
  /** Why there is no plan. */
  readonly code?: string;
}

/** The name of the action by which plans are made. */
export const MAKE_PLAN = "work.make-plan";
/** The name of the action by which plans end that nobody has approved in time. */
export const EXPIRE_PLAN = "work.expire-plan";
/** What a submitted order is in whose plan waits for reviewers. */
export const AWAITING_REVIEW = "awaiting_review";
/** What a submitted order is in of which no plan can be made. */
export const PREVIEW_FAILED = "preview_failed";

/** Works out what a submitted order would change. */
export function makePlanAction(parts: WorkReviewParts): AnyAction {
  return defineWorkerAction<PlanMade>(parts, {
    name: MAKE_PLAN,
    audit: {
      event: workEvents.work_plan_made,
      target: ({ order }) => order,
      context: (_input, { outcome, revision, digest, approved, code }) => ({
        ...{ outcome, revision, digest, approved, code },
      }),
    },
    run: (transaction, subject) => makePlan(parts, transaction, subject),
  });
}

async function makePlan(
  parts: WorkReviewParts,
  transaction: WriteTransaction,
  { tenant, order: id }: JobSubject,
): Promise<PlanMade> {
  const order = await parts.orders.lock(transaction, { tenant, id });
  if (order?.state !== "submitted" || order.reason === AWAITING_REVIEW) return { order: id, outcome: "none" };
  const opened = await openOrder(parts, transaction, order);
  if (typeof opened === "string") return fail(parts, transaction, { order, code: opened });
  const planned = await plan(parts, transaction, opened);
  if (planned.kind === "failed") return fail(parts, transaction, { order, opened, ...planned });
  return keepPlan(parts, transaction, { opened, record: planned });
}

interface PlanFailure {
  readonly order: WorkOrder;
  readonly opened?: OpenedOrder;
  readonly code: string;
  readonly message?: string;
}

async function fail(
  { orders, plans, payloads }: WorkReviewParts,
  transaction: WriteTransaction,
  { order, opened, code, message = "" }: PlanFailure,
): Promise<PlanMade> {
  await plans.void(transaction, order, PREVIEW_FAILED);
  const telling: Telling = {
    ...{ kind: PREVIEW_FAILED, actor: WORKER, plain: { code }, payload: { message } },
    payloads: opened?.payloads ?? (await payloads.of(transaction, order)),
  };
  await moveOrder(orders, transaction, { order, change: { reason: PREVIEW_FAILED }, telling });
  return { order: order.id, outcome: "failed", code };
}

async function keepPlan(
  parts: WorkReviewParts,
  transaction: WriteTransaction,
  { opened, record: { changes, readings } }: { readonly opened: OpenedOrder; readonly record: SpaceRecord },
): Promise<PlanMade> {
  const { orders, plans, jobs, reviewRules } = parts;
  const { order, type, payloads, inputHash, resultHashes } = opened;
  const { tenant, id } = order;
  const revision = order.planRevision + 1;
  const digest = planDigest({ order: { ...order, inputHash }, revision, resultHashes, changes, readings });
  const expiresAt = (await transaction.now()) + ruleOf(reviewRules, type, order.risk).expires;
  await plans.void(transaction, order, "superseded");
  const sealed = payloads.seal(planPlace(revision), JSON.stringify(changes));
  await plans.add(transaction, { order: id, tenant, revision, changes: sealed, readings, digest, expiresAt });
  await addExpiry(jobs, transaction, { tenant, id, revision, runAt: expiresAt });
  const plain = { revision, digest, ...countChanges(changes) };
  const moved = await moveOrder(orders, transaction, {
    order,
    change: { planRevision: revision, reason: AWAITING_REVIEW },
    telling: { kind: "previewed", actor: WORKER, plain, payloads },
  });
  const approved = await mayApproveByRule(parts, transaction, { opened, changes });
  if (approved)
    await approveOrder(parts, transaction, {
      ...{ order: moved, payloads, plan: { revision, digest }, last: true },
      review: { reviewer: AUTO_APPROVAL, authentication: "{}", notes: "" },
    });
  return { order: id, outcome: "planned", revision, digest, approved };
}

/**
 * Whether a rule of the type says yes, nobody has switched that off, no person has decided about the order before, and it is
 * not of the sample that people see.
 */
async function mayApproveByRule(
  { pauses, plans, keyRing }: WorkReviewParts,
  transaction: WriteTransaction,
  { opened: { order, type, input }, changes }: Pick<SpaceRecord, "changes"> & { readonly opened: OpenedOrder },
): Promise<boolean> {
  const { autoApprove } = type;
  if (autoApprove === undefined || order.reverts !== undefined) return false;
  const stopped = (await pauses.list(transaction, order.tenant)).some(
    ({ kind, name }) => kind === "auto_approval" && (name === "" || name === order.type),
  );
  const reviews = await plans.reviews(transaction, order);
  if (stopped || reviews.some(({ reviewer }) => !isSameActor(reviewer, AUTO_APPROVAL))) return false;
  // Keyed, and by the order: nobody can tell before, and no later plan of it is drawn for again.
  const drawn = Buffer.from(keyRing.fingerprint("work-sample", order.id), "base64url").readUInt32BE() / 2 ** 32;
  return drawn >= autoApprove.sample && autoApprove.when({ input, changes });
}

/** Ends a plan that nobody has approved in time, and has a new one made: the world has moved on. */
export function expirePlanAction(parts: WorkReviewParts): AnyAction {
  return defineWorkerAction<PlanMade>(parts, {
    name: EXPIRE_PLAN,
    audit: {
      event: workEvents.work_plan_expired,
      target: ({ order }) => order,
      context: (_input, { outcome }) => ({ outcome }),
    },
    async run(transaction, { tenant, order: id, revision }) {
      const { orders, payloads } = parts;
      const order = await orders.lock(transaction, { tenant, id });
      const waits = order?.state === "submitted" && order.reason === AWAITING_REVIEW;
      if (!waits || order.planRevision !== revision) return { order: id, outcome: "none" };
      const telling = { kind: "plan_expired", actor: WORKER, payloads: await payloads.of(transaction, order) };
      await planAnew(parts, transaction, { order, reason: "plan_expired", telling });
      return { order: id, outcome: "failed", code: "plan_expired" };
    },
  });
}

/** Says of an order whose plan could not be made, however often that was tried, that it is so. */
export async function previewDied(
  parts: WorkReviewParts,
  transaction: WriteTransaction,
  { tenant, id }: { readonly tenant: string; readonly id: string },
): Promise<void> {
  const order = await parts.orders.lock(transaction, { tenant, id });
  if (order?.state !== "submitted" || order.reason === AWAITING_REVIEW) return;
  await fail(parts, transaction, { order, code: "error" });
}
