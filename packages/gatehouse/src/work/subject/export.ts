import { hash } from "node:crypto";
import type { ReadTransaction } from "../../kernel/ports/store.ts";
import type { WorkEvent, WorkItem, WorkOrder, WorkOrderKey, WorkOrders } from "../../kernel/ports/work-orders.ts";
import type { WorkParts } from "../../kernel/ports/work-parts.ts";
import type { WorkPlans } from "../../kernel/ports/work-plans.ts";
import { openApplied, openChanges } from "../plan/opened-order.ts";
import { partPlace } from "../checkout/submit-part.ts";
import { openErrors } from "../checkout/holding.ts";
import { openNotes } from "../review/notes.ts";
import { openDetails } from "./event-details.ts";
import type { OrderPayloads, PayloadPlace, WorkPayloads } from "./payloads.ts";

/** What exports are made of. */
export interface ExportParts {
  readonly orders: Pick<WorkOrders, "find" | "items" | "events">;
  readonly plans: WorkPlans;
  readonly parts: Pick<WorkParts, "list">;
  readonly payloads: WorkPayloads;
}

/** Orders with all that is held of them, as JSON Lines, and what they are. */
export interface WorkExport {
  readonly manifest: {
    readonly format: "gatehouse-work-orders";
    readonly version: 1;
    readonly tenant: string;
    readonly orders: number;
    readonly lines: number;
    /** Over the lines, each ended by a line feed; hexadecimal. */
    readonly sha256: string;
  };
  readonly lines: readonly string[];
}

const EVENTS_AT_ONCE = 500;

/** Exports orders; `undefined` where one of them is not there. */
export async function createExport(
  parts: ExportParts,
  transaction: ReadTransaction,
  { tenant, orders }: { readonly tenant: string; readonly orders: readonly string[] },
): Promise<WorkExport | undefined> {
  const lines: string[] = [];
  for (const id of new Set(orders)) {
    const order = await parts.orders.find(transaction, { tenant, id });
    if (order === undefined) return undefined;
    for (const row of await rowsOf(parts, transaction, order)) lines.push(JSON.stringify(row));
  }
  const sha256 = hash("sha256", lines.map((line) => `${line}\n`).join(""));
  const format = { format: "gatehouse-work-orders", version: 1 } as const;
  return { manifest: { ...format, tenant, orders: new Set(orders).size, lines: lines.length, sha256 }, lines };
}

async function rowsOf(parts: ExportParts, transaction: ReadTransaction, order: WorkOrder): Promise<readonly object[]> {
  const payloads = await parts.payloads.of(transaction, order);
  const { input, ...kept } = order;
  const rows: object[] = [{ kind: "order", ...kept, input: openJson(payloads, ["input"], input) }];
  for (const item of await parts.orders.items(transaction, order)) {
    rows.push(openItem(payloads, item));
    for (const part of await parts.parts.list(transaction, item)) {
      rows.push({ kind: "part", ...part, payload: openJson(payloads, partPlace(item, part), part.payload) });
    }
  }
  rows.push(...(await plansOf(parts.plans, transaction, { order, payloads })));
  for (const event of await eventsOf(parts, transaction, order))
    rows.push({ ...event, kind: "event", event: event.kind, details: openDetails(payloads, order, event) });
  return rows;
}

function openItem(
  payloads: OrderPayloads | undefined,
  { input, result, evidence, notes, errors, ...kept }: WorkItem,
): object {
  const json = (what: string, text: string | undefined) => openJson(payloads, ["item", kept.key, what], text);
  return {
    ...{ kind: "item", ...kept, input: json("input", input), result: json("result", result) },
    ...{
      evidence: json("evidence", evidence),
      errors: payloads === undefined ? undefined : openErrors(payloads, { errors }),
    },
    notes: notes === undefined ? undefined : (payloads?.open(["item", kept.key, "notes"], notes) ?? ERASED),
  };
}

const ERASED = { erased: true } as const;

function openJson(payloads: OrderPayloads | undefined, place: PayloadPlace, text: string | undefined): unknown {
  if (text === undefined) return undefined;
  return payloads === undefined ? ERASED : JSON.parse(payloads.open(place, text));
}

async function plansOf(
  plans: WorkPlans,
  transaction: ReadTransaction,
  { order, payloads }: { readonly order: WorkOrder; readonly payloads: OrderPayloads | undefined },
): Promise<readonly object[]> {
  const rows: object[] = [];
  for (let revision = 1; revision <= order.planRevision; revision += 1) {
    const plan = await plans.find(transaction, order, revision);
    if (plan === undefined) continue;
    const changes = payloads === undefined ? ERASED : openChanges(payloads, plan);
    rows.push({ kind: "plan", ...plan, changes });
  }
  for (const review of await plans.reviews(transaction, order)) {
    rows.push({ kind: "review", ...review, ...openNotes(payloads, review) });
  }
  for (const application of await plans.applications(transaction, order)) {
    const { changes } = application;
    const made = changes === "" ? [] : payloads === undefined ? ERASED : openApplied(payloads, application);
    rows.push({ kind: "application", ...application, changes: made });
  }
  return rows;
}

/** All events of an order, the oldest first. */
async function eventsOf(
  { orders }: Pick<ExportParts, "orders">,
  transaction: ReadTransaction,
  order: WorkOrderKey,
): Promise<readonly WorkEvent[]> {
  const events: WorkEvent[] = [];
  for (;;) {
    const before = events.at(-1)?.id;
    const limit = EVENTS_AT_ONCE;
    const page = await orders.events(transaction, order, before === undefined ? { limit } : { before, limit });
    events.push(...page);
    if (page.length < EVENTS_AT_ONCE) return events.toReversed();
  }
}
