import { z } from "zod";
import type { ReadTransaction } from "../../kernel/ports/store.ts";
import type { WorkOrder } from "../../kernel/ports/work-orders.ts";
import { type WireListedOrder, WireOrder } from "../rest/shapes.ts";
import type { WorkReadingParts } from "./reading-parts.ts";
import { shownEvent, shownItem, shownOrder } from "./shown.ts";

/** Members of an order that lists can be cut down to. */
export const Fields = z.array(WireOrder.keyof()).min(1).max(20);
/** What lists can show with each order. */
export const Includes = z
  .array(z.enum(["items", "counts", "events"]))
  .min(1)
  .max(3);

/** Events that a list shows of an order. */
const EVENTS = 20;

/** What is shown of the orders of a list. */
export interface ListShape {
  readonly fields: z.output<typeof Fields> | undefined;
  readonly include: z.output<typeof Includes> | undefined;
}

/** An order as a list shows it: with what was asked for, and no other members but its identifier. */
export async function listedOrder(
  { orders, payloads }: WorkReadingParts,
  transaction: ReadTransaction,
  { order, fields, include = [] }: ListShape & { readonly order: WorkOrder },
): Promise<z.input<typeof WireListedOrder>> {
  const whole = shownOrder(order);
  const names: ReadonlySet<string> | undefined = fields && new Set(["order", ...fields]);
  const members = Object.entries(whole).filter(([name]) => names === undefined || names.has(name));
  // The members are those of the order that is shown.
  const listed = { ...(Object.fromEntries(members) as Partial<typeof whole>), order: whole.order };
  if (include.length === 0) return listed;
  const opened = include.includes("counts") && include.length === 1 ? undefined : await payloads.of(transaction, order);
  const items = include.some((name) => name !== "events") ? await orders.items(transaction, order) : [];
  const counts: Record<string, number> = {};
  for (const { state } of items) counts[state] = (counts[state] ?? 0) + 1;
  const events = include.includes("events") ? await orders.events(transaction, order, { limit: EVENTS }) : [];
  return {
    ...listed,
    ...(include.includes("items") ? { items: items.map((item) => shownItem(item, opened)) } : {}),
    ...(include.includes("counts") ? { item_counts: counts } : {}),
    ...(include.includes("events")
      ? { events: events.map((event) => shownEvent(event, { order, payloads: opened })) }
      : {}),
  };
}
