import type { WriteTransaction } from "../../kernel/ports/store.ts";
import type {
  NewWorkEvent,
  WorkActor,
  WorkOrder,
  WorkOrderKey,
  WorkOrders,
  WorkProvenance,
} from "../../kernel/ports/work-orders.ts";
import type { WorkPlans } from "../../kernel/ports/work-plans.ts";
import type { Jobs } from "../../kernel/ports/jobs.ts";
import { sealDetails, type EventDetails } from "../subject/event-details.ts";
import type { OrderPayloads } from "../subject/payloads.ts";
import { addPreview } from "../work-jobs.ts";

/** Who does something to an order, and how it is told. */
export interface Telling extends EventDetails {
  readonly actor: WorkActor;
  readonly provenance?: WorkProvenance;
  /** `undefined` where the subject was erased: what would tell of payloads is left out then. */
  readonly payloads: OrderPayloads | undefined;
}

type Change = Parameters<WorkOrders["change"]>[2];

/** The event of something that concerns an order. */
export function eventOf(
  order: WorkOrder,
  { actor, provenance, payloads, ...told }: Telling,
  to: WorkOrder["state"] | undefined,
): NewWorkEvent {
  const { payload: _unreadable, ...plain } = told;
  const details =
    payloads === undefined ? JSON.stringify({ ...plain.plain, erased: true }) : sealDetails(payloads, order, told);
  const moved = to === undefined || to === order.state ? {} : { from: order.state, to };
  return { item: undefined, kind: told.kind, actor, from: undefined, to: undefined, ...moved, details, provenance };
}

/** Moves a locked order and tells of it; the order as it is then. */
export async function moveOrder(
  orders: Pick<WorkOrders, "change" | "lock">,
  transaction: WriteTransaction,
  { order, change, telling }: { readonly order: WorkOrder; readonly change: Change; readonly telling: Telling },
): Promise<WorkOrder> {
  await orders.change(transaction, order, change, eventOf(order, telling, change.state));
  return relock(orders, transaction, order);
}

/** A locked order as it is by now. */
export async function relock(
  orders: Pick<WorkOrders, "lock">,
  transaction: WriteTransaction,
  { tenant, id }: WorkOrderKey,
): Promise<WorkOrder> {
  const moved = await orders.lock(transaction, { tenant, id });
  if (moved === undefined) throw new Error(`The order ${id} is gone.`);
  return moved;
}

/** Moves items of a locked order; the order as it is then. */
export async function moveItems(
  orders: Pick<WorkOrders, "changeItems" | "lock">,
  transaction: WriteTransaction,
  {
    order,
    change,
    telling,
  }: {
    readonly order: WorkOrder;
    readonly change: Omit<Parameters<WorkOrders["changeItems"]>[2], "event">;
    readonly telling: Telling;
  },
): Promise<WorkOrder> {
  const { item: _item, from: _from, to: _to, ...event } = eventOf(order, telling, undefined);
  await orders.changeItems(transaction, order, { ...change, event });
  return relock(orders, transaction, order);
}

/** What having an order planned anew works with. */
export interface ReplanParts {
  readonly orders: WorkOrders;
  readonly plans: WorkPlans;
  readonly jobs: Pick<Jobs, "add">;
}

/** Voids the plan of a submitted or approved order with all approvals, and has a new one made. */
export async function planAnew(
  { orders, plans, jobs }: ReplanParts,
  transaction: WriteTransaction,
  { order, reason, telling }: { readonly order: WorkOrder; readonly reason: string; readonly telling: Telling },
): Promise<void> {
  await plans.void(transaction, order, reason);
  const moved = await moveOrder(orders, transaction, { order, change: { state: "submitted", reason }, telling });
  if (order.state === "approved")
    await moveItems(orders, transaction, {
      order: moved,
      change: { from: ["accepted"], to: "submitted" },
      telling: { ...telling, kind: "unaccepted" },
    });
  await addPreview(jobs, transaction, order);
}
