import type { AnyAction } from "../../kernel/action.ts";
import type { WriteTransaction } from "../../kernel/ports/store.ts";
import type { WorkOrder } from "../../kernel/ports/work-orders.ts";
import type { WorkPause } from "../../kernel/ports/work-pauses.ts";
import type { WorkApplication, WorkChange, WorkPlan, WorkReading } from "../../kernel/ports/work-plans.ts";
import { WORKER } from "../actors.ts";
import { workEvents } from "../events.ts";
import { applicationPlace, openChanges, openOrder, type OpenedOrder } from "../plan/opened-order.ts";
import { planDigest } from "../plan/plan-digest.ts";
import { moveItems, moveOrder, planAnew, type Telling } from "../review/order-steps.ts";
import { isApproved, ruleOf, standingApprovals } from "../review/policy.ts";
import type { WorkReviewParts } from "../review/review-parts.ts";
import { countChanges, isSameChanges } from "../space/changes.ts";
import { RecordingSpace } from "../space/recording-space.ts";
import { digestOfReading, plainOf } from "../space/snapshot.ts";
import { WorkSpaceError } from "../space/space-error.ts";
import type { OrderPayloads } from "../subject/payloads.ts";
import { addApply, addEffect } from "../work-jobs.ts";
import { defineWorkerAction, type JobSubject } from "./worker-action.ts";

/** What became of carrying out a plan. */
export interface CarriedOut {
  readonly order: string;
  /** `none`: there was nothing to be carried out any more; `paused`: an operator has stopped it. */
  readonly outcome: "applied" | "stale" | "diverged" | "failed" | "paused" | "none";
  readonly revision?: number;
  readonly digest?: string;
  readonly reason?: string;
  /** Who has approved it. */
  readonly approvedBy?: string;
}

/** The name of the action by which plans are carried out. */
export const CARRY_OUT = "work.carry-out";
/** Milliseconds until somebody looks again whether stopped work may go on. */
export const PAUSED_LOOK = 15_000;

/** Carries out the approved plan of an order, if it is still what was approved. */
export function carryOutAction(parts: WorkReviewParts): AnyAction {
  return defineWorkerAction<CarriedOut>(parts, {
    name: CARRY_OUT,
    audit: {
      event: workEvents.work_applied,
      target: ({ order }) => order,
      context: (_input, { order: _order, ...context }) => context,
    },
    run: (transaction, subject) => carryOut(parts, transaction, subject),
  });
}

async function carryOut(
  parts: WorkReviewParts,
  transaction: WriteTransaction,
  { tenant, order: id }: JobSubject,
): Promise<CarriedOut> {
  const { orders, jobs } = parts;
  const order = await orders.lock(transaction, { tenant, id });
  if (order?.state !== "approved") return { order: id, outcome: "none" };
  const pause = await findPause(parts, transaction, order);
  if (pause !== undefined) {
    await addApply(jobs, transaction, { tenant, id, runAt: (await transaction.now()) + PAUSED_LOOK });
    return { order: id, outcome: "paused", reason: `${pause.kind} ${pause.name}`.trim() };
  }
  const opened = await openOrder(parts, transaction, order);
  if (typeof opened === "string") return fail(parts, transaction, { order, reason: opened });
  const approved = await findApproved(parts, transaction, opened);
  if (typeof approved === "string")
    return stale(parts, transaction, { order, payloads: opened.payloads, reason: approved });
  return apply(parts, transaction, { opened, ...approved });
}

/** Whether its type, its tenant, or anybody who has proposed it or worked on it is stopped. */
async function findPause(
  { orders, pauses }: WorkReviewParts,
  transaction: WriteTransaction,
  order: WorkOrder,
): Promise<WorkPause | undefined> {
  const { tenant, type, proposer } = order;
  const agents = new Set([proposer, ...(await orders.holders(transaction, order))].map(({ id }) => id));
  for (const agent of agents) {
    const pause = await pauses.find(transaction, { tenant, type, agent });
    if (pause !== undefined) return pause;
  }
  return undefined;
}

interface Approved {
  readonly plan: WorkPlan;
  readonly changes: readonly WorkChange[];
  readonly approvedBy: string;
}

/** The plan, if it was approved as it is, is made of what is there, and rests on what is there. Else why it is not. */
async function findApproved(
  { plans, reviewRules }: WorkReviewParts,
  transaction: WriteTransaction,
  opened: OpenedOrder,
): Promise<Approved | "plan_stale" | "approval_expired"> {
  const { order, type, payloads, inputHash, resultHashes } = opened;
  const plan = await plans.find(transaction, order);
  if (plan === undefined || plan.voidedBecause !== undefined || plan.revision !== order.planRevision)
    return "plan_stale";
  const now = await transaction.now();
  const rule = ruleOf(reviewRules, type, order.risk);
  const reviews = await plans.reviews(transaction, order);
  const standing = standingApprovals(plan, { reviews, rule, now });
  if (plan.expiresAt <= now || !isApproved(standing, rule)) return "approval_expired";
  const changes = openChanges(payloads, plan);
  if (changes === undefined) return "plan_stale";
  const { revision, readings } = plan;
  const digest = planDigest({ order: { ...order, inputHash }, revision, resultHashes, changes, readings });
  if (digest !== plan.digest || !(await isUnchanged(transaction, opened, readings))) return "plan_stale";
  return { plan, changes, approvedBy: standing.map(({ reviewer }) => reviewer.id).join(" ") };
}

/** Whether everything that a plan rests on is as it was read. */
async function isUnchanged(
  transaction: WriteTransaction,
  { order: { tenant }, type, payloads }: OpenedOrder,
  readings: readonly WorkReading[],
): Promise<boolean> {
  for (const { type: name, id, digest } of readings) {
    const resource = type.resources.find((declared) => declared.type === name);
    if (resource === undefined) return false;
    const snapshot = plainOf(await resource.read(transaction, { tenant, id }));
    if (digestOfReading(snapshot, payloads.digest) !== digest) return false;
  }
  return true;
}

async function stale(
  parts: WorkReviewParts,
  transaction: WriteTransaction,
  { order, payloads, reason }: { readonly order: WorkOrder; readonly payloads: OrderPayloads; readonly reason: string },
): Promise<CarriedOut> {
  const revision = order.planRevision;
  await noteApplication(parts, transaction, { order, state: "stale", detail: reason });
  const telling = { kind: reason, actor: WORKER, plain: { revision }, payloads };
  await planAnew(parts, transaction, { order, reason, telling });
  return { order: order.id, outcome: "stale", revision, reason };
}

class DivergedError extends Error {
  override readonly name = "DivergedError";
}

async function apply(
  parts: WorkReviewParts,
  transaction: WriteTransaction,
  approved: Approved & { readonly opened: OpenedOrder },
): Promise<CarriedOut> {
  const { opened, plan, approvedBy } = approved;
  const { order, payloads } = opened;
  try {
    const actual = await transaction.nested((inner) => makeChanges(parts, inner, approved));
    await settle(parts, transaction, { opened, plan, actual, approvedBy });
  } catch (error) {
    const reason = "plan_diverged";
    if (error instanceof DivergedError) return fail(parts, transaction, { order, payloads, reason });
    throw error;
  }
  return { order: order.id, outcome: "applied", revision: plan.revision, digest: plan.digest, approvedBy };
}

/** Makes the changes of a plan in a transaction that is rolled back where they turn out to be others. */
async function makeChanges(
  { applyContext }: WorkReviewParts,
  transaction: WriteTransaction,
  { opened: { order, type, payloads, input }, plan, changes }: Approved & { readonly opened: OpenedOrder },
): Promise<readonly WorkChange[]> {
  const { tenant, id } = order;
  const space = new RecordingSpace({ transaction, tenant, type, digest: payloads.digest });
  try {
    await applyContext.run({ tenant, order: id, digest: plan.digest }, async () => {
      if (type.apply === undefined || order.reverts !== undefined) await repeat(space, { type, changes });
      else await type.apply(space, { input, changes, tenant });
    });
    const { changes: actual } = space.close();
    if (isSameChanges(changes, actual)) return actual;
  } catch (error) {
    if (!(error instanceof WorkSpaceError)) throw error;
  }
  throw new DivergedError();
}

/** Makes exactly the changes of a plan, one after the other. */
async function repeat(
  space: RecordingSpace,
  { type, changes }: Pick<OpenedOrder, "type"> & Pick<Approved, "changes">,
): Promise<void> {
  for (const change of changes) {
    if (change.action !== "invoke") {
      await space.carryOut(change);
      continue;
    }
    const { resource, after, sources } = change;
    const effect = type.effects.find((declared) => declared.type === resource.type);
    if (effect === undefined) throw new WorkSpaceError("UNDECLARED", `There is no effect ${resource.type}.`);
    space.invoke(effect, resource.id, after, { sources });
  }
}

interface Settlement extends Pick<Approved, "plan" | "approvedBy"> {
  readonly opened: OpenedOrder;
  readonly actual: readonly WorkChange[];
}

async function settle(
  parts: WorkReviewParts,
  transaction: WriteTransaction,
  { opened, plan: { revision, digest }, actual, approvedBy }: Settlement,
): Promise<void> {
  const { orders, jobs, measures } = parts;
  const { order, payloads } = opened;
  const { tenant, id } = order;
  const waited = (await transaction.now()) - order.updatedAt;
  transaction.afterCommit(() => measures?.waited("application", waited));
  await noteApplication(parts, transaction, { order, state: "applied", detail: "", done: { payloads, actual } });
  const plain = { revision, digest, approvedBy, ...countChanges(actual) };
  const telling: Telling = { kind: "applied", actor: WORKER, plain, payload: { changes: actual }, payloads };
  const applied = await moveOrder(orders, transaction, { order, change: { state: "applied", reason: "" }, telling });
  const done: Telling = { kind: "completed", actor: WORKER, payloads };
  const change = { from: ["accepted"], to: "completed" } as const;
  const counted = await moveItems(orders, transaction, { order: applied, change, telling: done });
  await moveOrder(orders, transaction, { order: counted, change: { state: "completed" }, telling: done });
  for (const { action, step } of actual)
    if (action === "invoke") await addEffect(jobs, transaction, { tenant, order: id, revision, step });
}

async function fail(
  parts: WorkReviewParts,
  transaction: WriteTransaction,
  {
    order,
    payloads,
    reason,
  }: { readonly order: WorkOrder; readonly payloads?: OrderPayloads; readonly reason: string },
): Promise<CarriedOut> {
  const { orders, plans } = parts;
  const revision = order.planRevision;
  const diverged = reason === "plan_diverged";
  await noteApplication(parts, transaction, { order, state: diverged ? "diverged" : "failed", detail: reason });
  await plans.void(transaction, order, reason);
  const telling: Telling = { kind: reason, actor: WORKER, plain: { revision }, payloads };
  const failed = await moveOrder(orders, transaction, { order, change: { state: "failed", reason }, telling });
  // What agents have done stays: it may be planned again.
  const change = { from: ["accepted"], to: "submitted" } as const;
  await moveItems(orders, transaction, { order: failed, change, telling: { ...telling, kind: "unaccepted" } });
  return { order: order.id, outcome: diverged ? "diverged" : "failed", revision, reason };
}

interface NewApplication extends Pick<WorkApplication, "state" | "detail"> {
  readonly order: WorkOrder;
  readonly done?: { readonly payloads: OrderPayloads; readonly actual: readonly WorkChange[] };
}

async function noteApplication(
  { plans }: WorkReviewParts,
  transaction: WriteTransaction,
  { order, state, detail, done }: NewApplication,
): Promise<void> {
  const revision = order.planRevision;
  const before = await plans.applications(transaction, order);
  const attempt = before.filter((application) => application.revision === revision).length + 1;
  const changes = done?.payloads.seal(applicationPlace(revision, attempt), JSON.stringify(done.actual)) ?? "";
  await plans.applied(transaction, order, { revision, attempt, state, actor: WORKER, changes, detail });
}

/** Says of an order whose plan could not be carried out, however often that was tried, that it has failed. */
export async function applyDied(
  parts: WorkReviewParts,
  transaction: WriteTransaction,
  { tenant, id }: { readonly tenant: string; readonly id: string },
): Promise<void> {
  const order = await parts.orders.lock(transaction, { tenant, id });
  if (order?.state !== "approved") return;
  const payloads = await parts.payloads.of(transaction, order);
  await fail(parts, transaction, { order, reason: "apply_failed", ...(payloads === undefined ? {} : { payloads }) });
}
