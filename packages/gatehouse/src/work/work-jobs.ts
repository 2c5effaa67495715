import type { Jobs } from "../kernel/ports/jobs.ts";
import type { WriteTransaction } from "../kernel/ports/store.ts";
import type { WorkOrderKey } from "../kernel/ports/work-orders.ts";

/** Where plans are made and carried out. */
export const WORK_QUEUE = "work";
/** Where the outbox of side effects is worked off. */
export const WORK_EFFECTS_QUEUE = "work-effects";
/** Makes the plan of an order that was submitted. */
export const PREVIEW_JOB = "work.preview";
/** Carries out the plan of an order that was approved. */
export const APPLY_JOB = "work.apply";
/** Voids a plan whose time is over, and has a new one made. */
export const EXPIRE_JOB = "work.expire";
/** Has one side effect of an applied plan. */
export const EFFECT_JOB = "work.effect";

/** One step of one plan. */
export interface PlanStep {
  readonly order: string;
  readonly revision: number;
  readonly step: number;
}

type AddingJobs = Pick<Jobs, "add">;

/** Has a plan made of what was submitted. */
export async function addPreview(jobs: AddingJobs, transaction: WriteTransaction, order: WorkOrderKey): Promise<void> {
  await jobs.add(transaction, jobOf(order, PREVIEW_JOB));
}

/** Has the approved plan of an order carried out, now or later. */
export async function addApply(
  jobs: AddingJobs,
  transaction: WriteTransaction,
  { runAt, ...order }: WorkOrderKey & { readonly runAt?: number },
): Promise<void> {
  await jobs.add(transaction, { ...jobOf(order, APPLY_JOB), ...(runAt === undefined ? {} : { runAt }) });
}

/** Has a plan voided at a time if it still waits then. */
export async function addExpiry(
  jobs: AddingJobs,
  transaction: WriteTransaction,
  { tenant, id, revision, runAt }: WorkOrderKey & { readonly revision: number; readonly runAt: number },
): Promise<void> {
  const payload = { order: id, revision };
  const key = `${EXPIRE_JOB} ${id} ${revision}`;
  await jobs.add(transaction, { queue: WORK_QUEUE, kind: EXPIRE_JOB, tenant, key, payload, runAt });
}

/** Puts a side effect into the outbox. What it is about stays with the plan: jobs hold nothing secret. */
export async function addEffect(
  jobs: AddingJobs,
  transaction: WriteTransaction,
  { tenant, runAt, ...step }: PlanStep & { readonly tenant: string; readonly runAt?: number },
): Promise<void> {
  const job = { queue: WORK_EFFECTS_QUEUE, kind: EFFECT_JOB, tenant, key: stepKeyOf(step), payload: step };
  await jobs.add(transaction, runAt === undefined ? job : { ...job, runAt });
}

/** By which other systems tell that one step of one plan is tried again. */
export function stepKeyOf({ order, revision, step }: PlanStep): string {
  return `${order}:${revision}:${step}`;
}

function jobOf({ tenant, id }: WorkOrderKey, kind: string) {
  return { queue: WORK_QUEUE, kind, tenant, key: `${kind} ${id}`, payload: { order: id } };
}
