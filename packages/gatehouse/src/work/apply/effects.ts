import { z } from "zod";
import type { JobHandler, Jobs } from "../../kernel/ports/jobs.ts";
import type { Store, WriteTransaction } from "../../kernel/ports/store.ts";
import type { WorkOrder, WorkOrders } from "../../kernel/ports/work-orders.ts";
import type { WorkPauses } from "../../kernel/ports/work-pauses.ts";
import type { WorkChange, WorkPlans } from "../../kernel/ports/work-plans.ts";
import { WORKER } from "../actors.ts";
import type { OrderTypes } from "../order-types.ts";
import { openApplied } from "../plan/opened-order.ts";
import type { AnyWorkEffect } from "../resource.ts";
import { eventOf } from "../review/order-steps.ts";
import type { WorkPayloads } from "../subject/payloads.ts";
import { addEffect, EFFECT_JOB, stepKeyOf } from "../work-jobs.ts";
import type { ApplyContext } from "./apply-context.ts";
import { PAUSED_LOOK } from "./carry-out.ts";

/** What the outbox works with. */
export interface EffectsParts {
  readonly store: Store;
  readonly orders: WorkOrders;
  readonly plans: WorkPlans;
  readonly pauses: WorkPauses;
  readonly payloads: WorkPayloads;
  readonly types: OrderTypes;
  readonly jobs: Pick<Jobs, "add">;
  readonly applyContext: ApplyContext;
}

const Payload = z.object({ order: z.string(), revision: z.int(), step: z.int() });
type Step = z.infer<typeof Payload> & { readonly tenant: string };

interface Due {
  readonly order: WorkOrder;
  readonly change: WorkChange;
  readonly effect: AnyWorkEffect;
  readonly digest: string;
}

/**
 * Has the side effects of applied plans. One is tried under the same key until it has succeeded: a worker can end between
 * the effect and its note of it, and whoever receives it tells the second try by its key.
 */
export function createEffects(parts: EffectsParts): JobHandler {
  return {
    kind: EFFECT_JOB,
    async run({ tenant, payload }, signal) {
      const step = { ...Payload.parse(payload), tenant };
      const due = await findDue(parts, step);
      if (due === "paused") return (transaction) => addLater(parts, transaction, step);
      if (typeof due === "string")
        return (transaction) => note(parts, transaction, { step, kind: "effect_dropped", reason: due });
      const { order, change, effect, digest } = due;
      await parts.applyContext.run({ tenant, order: order.id, digest }, () =>
        effect.run(change.after, { tenant, key: stepKeyOf(step), signal }),
      );
      return (transaction) => note(parts, transaction, { step, kind: "effect_done" });
    },
    async dead(transaction, { tenant, payload }) {
      const step = { ...Payload.parse(payload), tenant };
      await note(parts, transaction, { step, kind: "effect_failed" });
    },
  };
}

/** What is to be done; else why it cannot be, or that somebody has stopped it. */
async function findDue(
  parts: EffectsParts,
  step: Step,
): Promise<Due | "paused" | "subject_erased" | "not_applied" | "unknown"> {
  const { store, orders, plans, pauses, payloads: all, types } = parts;
  const { tenant, order: id, revision } = step;
  return store.read(async (transaction) => {
    const order = await orders.find(transaction, { tenant, id });
    if (order === undefined) return "not_applied";
    const { type, proposer } = order;
    if ((await pauses.find(transaction, { tenant, type, agent: proposer.id })) !== undefined) return "paused";
    const payloads = await all.of(transaction, order);
    if (payloads === undefined) return "subject_erased";
    const applications = await plans.applications(transaction, order);
    const applied = applications.find(
      (application) => application.revision === revision && application.state === "applied",
    );
    const plan = await plans.find(transaction, order, revision);
    if (applied === undefined || plan === undefined) return "not_applied";
    const change = openApplied(payloads, applied)?.find((made) => made.step === step.step);
    const effect = types.find(type)?.effects.find((declared) => declared.type === change?.resource.type);
    if (change === undefined || effect === undefined) return "unknown";
    return { order, change, effect, digest: plan.digest };
  });
}

async function addLater({ jobs }: EffectsParts, transaction: WriteTransaction, step: Step): Promise<void> {
  await addEffect(jobs, transaction, { ...step, runAt: (await transaction.now()) + PAUSED_LOOK });
}

async function note(
  { orders, payloads }: EffectsParts,
  transaction: WriteTransaction,
  { step, kind, reason }: { readonly step: Step; readonly kind: string; readonly reason?: string },
): Promise<void> {
  const { tenant, order: id, revision, step: number } = step;
  const order = await orders.lock(transaction, { tenant, id });
  if (order === undefined) return;
  const plain = { revision, step: number, ...(reason === undefined ? {} : { reason }) };
  const telling = { kind, actor: WORKER, plain, payloads: await payloads.of(transaction, order) };
  await orders.note(transaction, order, eventOf(order, telling, undefined));
}
