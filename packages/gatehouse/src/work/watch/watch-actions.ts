import { z } from "zod";
import { defineAction, type ActionContext, type AnyAction } from "../../kernel/action.ts";
import { deny, type Denial } from "../../kernel/outcome.ts";
import type { WorkOrder, WorkOrders } from "../../kernel/ports/work-orders.ts";
import type { WaitingWork, WorkWatch } from "../../kernel/ports/work-watch.ts";
import { problems } from "../../kernel/problems.ts";
import type { ItemState } from "../../kernel/work-states.ts";
import { WORKER, workerOnly } from "../actors.ts";
import { workEvents } from "../events.ts";
import { eventOf, moveItems, moveOrder, type Telling } from "../review/order-steps.ts";
import type { WorkPayloads } from "../subject/payloads.ts";

/** For how long, in milliseconds, somebody may leave orders alone. */
export interface WorkPatience {
  /** Before it is told that an order waits. */
  readonly overdueAfter: number;
  /** Before an order that has failed is given up. */
  readonly deadLetterAfter: number;
}

/** What looking after orders that nobody looks after works with. */
export interface WorkWatchParts {
  readonly orders: WorkOrders;
  readonly payloads: WorkPayloads;
  readonly watch: WorkWatch;
  readonly patience: WorkPatience;
}

/** The name of the action that tells of an order that waits. */
export const TELL_OVERDUE = "work.tell-overdue";
/** The name of the action that gives up an order that has failed. */
export const DEAD_LETTER = "work.dead-letter";

const Input = z.strictObject({ order: z.string() });
/** What agents have not done, or have done in vain. */
const LEFT: readonly ItemState[] = ["queued", "leased", "in_progress", "submitted", "accepted"];
const SECOND = 1000;

type Context = ActionContext<z.infer<typeof Input>, "store">;

/** What became of an order. */
interface Watched extends Pick<WaitingWork, "type" | "state"> {
  readonly seconds: number;
  readonly reason: string;
}

/** What the server attempts by itself about orders that nobody does anything about. */
export function createWatchActions(parts: WorkWatchParts): readonly AnyAction[] {
  return [
    watchAction(TELL_OVERDUE, workEvents.work_overdue, (context) => tellOverdue(parts, context)),
    watchAction(DEAD_LETTER, workEvents.work_dead_lettered, (context) => deadLetter(parts, context)),
  ];
}

function watchAction(
  name: string,
  event: (typeof workEvents)["work_overdue"],
  run: (context: Context) => Promise<Watched | Denial>,
): AnyAction {
  return defineAction({
    ...{ name, entrances: ["job"], effects: "store", authorise: workerOnly, idempotency: false, input: Input, run },
    // What else could happen to the order happens under the lock on its row, which both take first.
    isolation: "read committed",
    audit: { event, target: ({ order }) => order, context: (_input, watched: Watched) => ({ ...watched }) },
  });
}

async function tellOverdue(parts: WorkWatchParts, context: Context): Promise<Watched | Denial> {
  const { transaction } = context;
  const found = await lockWaiting(parts, context, "overdue");
  if (found === undefined) return deny(problems.STATE_CONFLICT, { detail: "It does not wait any more." });
  const { order, watched, telling } = found;
  const plain = { state: order.state, seconds: watched.seconds };
  await parts.orders.note(transaction, order, eventOf(order, { ...telling, kind: "overdue", plain }, undefined));
  return watched;
}

async function deadLetter(parts: WorkWatchParts, context: Context): Promise<Watched | Denial> {
  const { orders } = parts;
  const { transaction } = context;
  const found = await lockWaiting(parts, context, "failed");
  if (found === undefined) return deny(problems.STATE_CONFLICT, { detail: "Somebody has done something about it." });
  const { order, watched } = found;
  const telling = { ...found.telling, kind: "dead_lettered", plain: { reason: order.reason } };
  const change = { state: "dead_lettered" } as const;
  let moved = await moveOrder(orders, transaction, { order, change, telling });
  const failed = { from: ["failed", "rejected"], to: "dead_lettered" } as const;
  moved = await moveItems(orders, transaction, { order: moved, change: failed, telling });
  const left = { from: LEFT, to: "cancelled" } as const;
  await moveItems(orders, transaction, { order: moved, change: left, telling: { ...telling, kind: "cancelled" } });
  return watched;
}

interface Found {
  readonly order: WorkOrder;
  readonly watched: Watched;
  readonly telling: Omit<Telling, "kind">;
}

/** The order, if it still waits: somebody may have done something about it, or another server may have been first. */
async function lockWaiting(
  { orders, payloads, watch, patience }: WorkWatchParts,
  { attempt: { tenant }, input: { order: id }, transaction }: Context,
  what: "overdue" | "failed",
): Promise<Found | undefined> {
  const key = { tenant, id };
  const order = await orders.lock(transaction, key);
  if (order === undefined) return undefined;
  const longer = what === "overdue" ? patience.overdueAfter : patience.deadLetterAfter;
  const [waiting] = await watch[what](transaction, { longer, order: key, limit: 1 });
  if (waiting === undefined) return undefined;
  const seconds = Math.floor(((await transaction.now()) - waiting.since) / SECOND);
  const { type, state, reason } = order;
  const telling = { actor: WORKER, payloads: await payloads.of(transaction, order) };
  return { order, watched: { type, state, reason, seconds }, telling };
}
