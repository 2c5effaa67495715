import type { WriteTransaction } from "../../kernel/ports/store.ts";
import type { WorkOrder } from "../../kernel/ports/work-orders.ts";
import type { WorkChange, WorkPlans } from "../../kernel/ports/work-plans.ts";
import { inverseOf } from "../space/changes.ts";
import { RecordingSpace, type SpaceRecord } from "../space/recording-space.ts";
import { WorkSpaceError } from "../space/space-error.ts";
import type { WorkPayloads } from "../subject/payloads.ts";
import { openApplied, type OpenedOrder } from "./opened-order.ts";
import { rehearse } from "./rehearsal.ts";

/** What plans are made with. */
export interface PlanningParts {
  readonly plans: Pick<WorkPlans, "applications">;
  readonly payloads: WorkPayloads;
}

/** What came of making a plan. */
export type Planned =
  | ({ readonly kind: "planned" } & SpaceRecord)
  /** It cannot be made; `code` says why in a word. */
  | { readonly kind: "failed"; readonly code: string; readonly message: string };

/** Makes a plan, by making its changes in a transaction that is rolled back. */
export async function plan(parts: PlanningParts, transaction: WriteTransaction, opened: OpenedOrder): Promise<Planned> {
  const { order, type, payloads, input, items } = opened;
  const taken = order.reverts === undefined ? undefined : await changesOf(parts, transaction, order);
  if (order.reverts !== undefined && taken === undefined)
    return { kind: "failed", code: "not_applied", message: "What is to be taken back was not applied." };
  try {
    return await rehearse(transaction, async (inner) => {
      const space = new RecordingSpace({ transaction: inner, tenant: order.tenant, type, digest: payloads.digest });
      if (taken === undefined) await type.preview(space, { input, items, tenant: order.tenant });
      else for (const change of inverseOf(taken)) await space.carryOut(change);
      return { kind: "planned", ...space.close() } as const;
    });
  } catch (error) {
    if (!(error instanceof WorkSpaceError)) throw error;
    return { kind: "failed", code: error.code.toLowerCase(), message: error.message };
  }
}

/** What the order that is to be taken back has changed. */
async function changesOf(
  { plans, payloads: all }: PlanningParts,
  transaction: WriteTransaction,
  { tenant, reverts = "", subject }: WorkOrder,
): Promise<readonly WorkChange[] | undefined> {
  const taken = { tenant, id: reverts, subject };
  const payloads = await all.of(transaction, taken);
  const applied = (await plans.applications(transaction, taken)).findLast(({ state }) => state === "applied");
  return payloads === undefined || applied === undefined ? undefined : openApplied(payloads, applied);
}
