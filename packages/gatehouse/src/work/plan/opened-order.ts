import { canonicalJson } from "../../kernel/codec.ts";
import type { ReadTransaction } from "../../kernel/ports/store.ts";
import type { WorkItem, WorkOrder, WorkOrders } from "../../kernel/ports/work-orders.ts";
import type { WorkApplication, WorkChange, WorkPlan } from "../../kernel/ports/work-plans.ts";
import { SealError } from "../../kernel/seal.ts";
import type { AnyOrderType, DoneItem } from "../order-type.ts";
import type { OrderTypes } from "../order-types.ts";
import type { OrderPayloads, PayloadPlace, WorkPayloads } from "../subject/payloads.ts";

/** What orders are opened with. */
export interface OpeningParts {
  readonly orders: Pick<WorkOrders, "items">;
  readonly types: OrderTypes;
  readonly payloads: WorkPayloads;
}

/** An order with its payloads opened. Hashes are made of what is there now, not taken from the row. */
export interface OpenedOrder {
  readonly order: WorkOrder;
  readonly type: AnyOrderType;
  readonly payloads: OrderPayloads;
  readonly input: unknown;
  readonly inputHash: string;
  readonly items: readonly DoneItem<unknown, unknown>[];
  /** By the keys of items. */
  readonly resultHashes: Readonly<Record<string, string>>;
}

/** Why an order cannot be opened: its subject was erased, its type is not there or means something else by now, its rows were altered. */
export type OpeningFailure = "subject_erased" | "type_unknown" | "type_changed" | "unreadable";

/** Opens an order with the results of its items. */
export async function openOrder(
  { orders, types, payloads: all }: OpeningParts,
  transaction: ReadTransaction,
  order: WorkOrder,
): Promise<OpenedOrder | OpeningFailure> {
  const type = types.find(order.type);
  if (type === undefined) return "type_unknown";
  if (type.version !== order.typeVersion) return "type_changed";
  const payloads = await all.of(transaction, order);
  if (payloads === undefined) return "subject_erased";
  const items = await orders.items(transaction, order);
  return whereReadable(() => {
    const input: unknown = JSON.parse(payloads.open(["input"], order.input));
    const done = items.map((item) => ({ item, ...resultOf(payloads, item) }));
    return {
      ...{ order, type, payloads, input, inputHash: payloads.digest(canonicalJson(input)) },
      items: done.map(({ item: { key }, input: given, result }) => ({ key, input: given, result })),
      resultHashes: Object.fromEntries(done.map(({ item: { key }, hash }) => [key, hash])),
    };
  }, "unreadable");
}

/** The changes of a plan; `undefined` where its row was altered. */
export function openChanges(
  payloads: OrderPayloads,
  { revision, changes }: Pick<WorkPlan, "revision" | "changes">,
): readonly WorkChange[] | undefined {
  // Sealed or not, only the making of plans writes the column; its digest is checked before anything is done by it.
  return whereReadable(
    () => JSON.parse(payloads.open(planPlace(revision), changes)) as readonly WorkChange[],
    undefined,
  );
}

/** What was really changed; `undefined` where its row was altered. */
export function openApplied(
  payloads: OrderPayloads,
  { revision, attempt, changes }: Pick<WorkApplication, "revision" | "attempt" | "changes">,
): readonly WorkChange[] | undefined {
  const place = applicationPlace(revision, attempt);
  // Only the applying of plans writes the column.
  return whereReadable(() => JSON.parse(payloads.open(place, changes)) as readonly WorkChange[], undefined);
}

/** Where the changes of a plan are sealed. */
export function planPlace(revision: number): PayloadPlace {
  return ["plan", String(revision)];
}

/** Where what a try has changed is sealed. */
export function applicationPlace(revision: number, attempt: number): PayloadPlace {
  return ["application", String(revision), String(attempt)];
}

function resultOf(payloads: OrderPayloads, { key, input, result }: WorkItem) {
  const open = (what: string, text: string): unknown => JSON.parse(payloads.open(["item", key, what], text));
  const opened = result === undefined ? undefined : open("result", result);
  return {
    input: open("input", input),
    result: opened,
    hash: opened === undefined ? "" : payloads.digest(canonicalJson(opened)),
  };
}

/** Rows that somebody has altered cannot be opened, or are no JSON. */
function whereReadable<Result, Otherwise>(read: () => Result, otherwise: Otherwise): Result | Otherwise {
  try {
    return read();
  } catch (error) {
    if (error instanceof SealError || error instanceof SyntaxError) return otherwise;
    throw error;
  }
}
