import type { WriteTransaction } from "../../../kernel/ports/store.ts";
import type { NewWorkEvent } from "../../../kernel/ports/work-orders.ts";
import type { OrderState } from "../../../kernel/work-states.ts";
import { updateRows } from "../row-statement.ts";
import { portableStatement } from "../statement.ts";
import type { Change } from "../together.ts";
import { append, link, type ChainOwner } from "./chain.ts";
import { COLUMN_TYPES, type ItemRow, lockingStatement, ORDER_COLUMNS, type OrderRow } from "./rows.ts";

/** An order, locked until the transaction ends. */
export const LOCK_ORDER = lockingStatement(
  `SELECT ${ORDER_COLUMNS} FROM work_orders WHERE id = $1 AND tenant = $2`,
  "FOR NO KEY UPDATE",
);
const WRITE_ORDER = updateRows(
  "work_orders",
  "id, state, reason, priority, risk, version, plan_revision, open, event_number, event_hash, updated_at, closed_at",
  { types: COLUMN_TYPES },
);
const WRITE_ITEM = updateRows(
  "work_items",
  "id, state, run_at, attempt, parked, result, result_hash, evidence, notes, errors, event_number, event_hash, updated_at",
  { types: COLUMN_TYPES },
);
const PARK = portableStatement("UPDATE work_items SET parked = $2 WHERE order_id = $1 AND state = 'queued'");
const DONE = "('submitted', 'accepted', 'completed')";
const WAITING = (keys: string): string =>
  `(SELECT COUNT(*) FROM work_items AS other WHERE other.order_id = item.order_id AND other.state NOT IN ${DONE}
     AND other.key IN (${keys}))`;
const RECOUNT_TEXT = (keys: string): string =>
  `UPDATE work_items AS item SET waiting_for = ${WAITING(keys)}
   WHERE item.order_id = $1 AND item.state = 'queued' AND item.depends_on <> '[]' AND item.waiting_for <> ${WAITING(keys)}`;
const RECOUNT = Object.freeze({
  sqlite: portableStatement(RECOUNT_TEXT("SELECT value FROM json_each(item.depends_on)")).sqlite,
  postgres: portableStatement(RECOUNT_TEXT("SELECT jsonb_array_elements_text(item.depends_on::jsonb)")).postgres,
});

const WORKABLE: ReadonlySet<OrderState> = new Set(["queued", "checked_out", "in_progress"]);
/** One that was rejected is over unless somebody puts it in the queue again. */
const CLOSED: ReadonlySet<OrderState> = new Set(["completed", "rejected", "dead_lettered", "cancelled"]);

/** Whether items of orders in a state are worked on. */
export function isWorkable(state: OrderState): boolean {
  return WORKABLE.has(state);
}

/** What changes a locked order, with its events. What it is then is the first value. */
export function writeOrder(
  former: OrderRow,
  change: { readonly to: Partial<OrderRow>; readonly events: readonly NewWorkEvent[]; readonly owner: ChainOwner },
): readonly [OrderRow, readonly Change[]] {
  const { to, events, owner } = change;
  const linked = link(owner, former, events);
  const state = to.state ?? former.state;
  const closed_at = CLOSED.has(state) ? (former.closed_at ?? owner.at) : null;
  const version = former.version + 1;
  const row: OrderRow = { ...former, ...to, ...linked.head, version, updated_at: owner.at, closed_at };
  const written: Change = [
    WRITE_ORDER,
    [
      ...[row.id, row.state, row.reason, row.priority, row.risk, row.version, row.plan_revision],
      ...[row.open, row.event_number, row.event_hash, row.updated_at, row.closed_at],
    ],
  ];
  const parks = isWorkable(former.state) !== isWorkable(row.state);
  const parked: readonly Change[] = parks ? [[PARK, [row.id, isWorkable(row.state) ? 0 : 1]]] : [];
  return [row, [written, ...parked, ...append(linked)]];
}

/** What changes a locked item, likewise. */
export function writeItem(
  former: ItemRow,
  change: { readonly to: Partial<ItemRow>; readonly events: readonly NewWorkEvent[]; readonly owner: ChainOwner },
): readonly [ItemRow, readonly Change[]] {
  const { to, events, owner } = change;
  const linked = link(owner, former, events);
  const row: ItemRow = { ...former, ...to, ...linked.head, updated_at: owner.at };
  const written: Change = [
    WRITE_ITEM,
    [
      ...[row.id, row.state, row.run_at, row.attempt, row.parked, row.result, row.result_hash, row.evidence, row.notes],
      ...[row.errors, row.event_number, row.event_hash, row.updated_at],
    ],
  ];
  return [row, [written, ...append(linked)]];
}

/** Counts anew what queued items of an order still wait for, once its items are as they will be. */
export function recountWaiting(transaction: WriteTransaction, order: string): Promise<unknown> {
  return transaction.execute(RECOUNT, [order]);
}
