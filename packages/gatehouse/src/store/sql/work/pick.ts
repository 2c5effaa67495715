import type { SqlValue, Statement, WriteTransaction } from "../../../kernel/ports/store.ts";
import type { OrderState } from "../../../kernel/work-states.ts";
import { portableStatement } from "../statement.ts";
import { CLAIMABLE, FIRST, NOT_PAUSED } from "./claimable.ts";
import { type ChainHead, ITEM_COLUMNS, type ItemRow, lockingStatement, RANK } from "./rows.ts";

/** An item that can be leased, locked, with its order as it is while that is locked. */
interface PickedRow extends ItemRow {
  /** `null`: the order was changed meanwhile, and is not locked. */
  readonly order_state: OrderState | null;
  readonly order_number: number | null;
  readonly order_hash: string | null;
  /** Whether all of them are counted for the agent. */
  readonly taken: number;
}

/** An order of which items were picked: its state, and where its chain ends if that is `queued`. */
export interface PickedOrder extends ChainHead {
  readonly state: OrderState;
}

/** What is picked. */
export interface Pick {
  readonly tenant: string;
  readonly type: string;
  readonly leastPriority: number;
  readonly holder: string;
  readonly limit: number;
  readonly order: string | undefined;
  /** Counts the items for an agent on the way, if its cap leaves room for all of them; cap 0: does not. */
  readonly agent: string;
  readonly cap: number;
}

/** Items that were picked, and what is known of their orders. */
export interface Picked {
  readonly items: readonly ItemRow[];
  readonly orders: ReadonlyMap<string, PickedOrder>;
  /** How many of them the agent is counted for. */
  readonly taken: number;
}

const PICK = pickStatement();
const PICK_OF_ORDER = pickStatement("order_id");
const LOCK_HEAD = lockingStatement(
  "SELECT state, event_number, event_hash FROM work_orders WHERE id = $1",
  "FOR NO KEY UPDATE",
);

/**
 * Locks items, those that nobody else is about to lease, and their orders: queued ones for themselves, since they will be
 * checked out; others shared, so that nobody puts them back in the queue.
 */
export async function pickItems(transaction: WriteTransaction, pick: Pick): Promise<Picked> {
  const { tenant, type, leastPriority, holder, limit, order } = pick;
  const counted = transaction.dialect === "postgres" ? [pick.agent, pick.cap] : [];
  const values: SqlValue[] = [tenant, type, leastPriority, holder, limit, ...counted];
  const rows =
    order === undefined
      ? await transaction.execute<PickedRow>(PICK, values)
      : await transaction.execute<PickedRow>(PICK_OF_ORDER, [...values, order]);
  const orders = new Map<string, PickedOrder>();
  for (const { order_id, order_state, order_number, order_hash } of rows) {
    if (order_state === null) continue;
    orders.set(order_id, { state: order_state, event_number: order_number ?? 0, event_hash: order_hash ?? "" });
  }
  return { items: rows, orders, taken: rows[0]?.taken === 1 ? rows.length : 0 };
}

/** Locks an order of which nothing is known. */
export async function lockHead(transaction: WriteTransaction, order: string): Promise<PickedOrder | undefined> {
  const [row] = await transaction.execute<PickedOrder>(LOCK_HEAD, [order]);
  return row;
}

function pickStatement(...also: readonly string[]): Statement {
  const picked = (first: number, more = ""): string => {
    const only = also.map((column, index) => `AND ${column} = $${first + index}`).join(" ");
    return `SELECT ${ITEM_COLUMNS} ${more} FROM work_items WHERE ${CLAIMABLE} AND ${NOT_PAUSED} ${only} ${FIRST} LIMIT $5`;
  };
  const own = (column: string): string => `(SELECT ${column} FROM work_orders WHERE id = work_items.order_id)`;
  // SQLite has one writer, so there is nothing to lock; a join would copy every column of the items.
  const order = `, ${own("state")} AS order_state, ${own("event_number")} AS order_number, ${own("event_hash")} AS order_hash`;
  return Object.freeze({
    sqlite: portableStatement(picked(6, `${order}, 0 AS taken`)).sqlite,
    postgres: lockingTogether(portableStatement(picked(8)).postgres),
  });
}

/** The agent is counted once all locks on orders are held: counts are locked last. */
function lockingTogether(picked: string): string {
  return `WITH picked AS MATERIALIZED (${picked} FOR NO KEY UPDATE SKIP LOCKED),
    moving AS MATERIALIZED (SELECT id, state, event_number, event_hash FROM work_orders
      WHERE id IN (SELECT order_id FROM picked) AND state = 'queued' ORDER BY id FOR NO KEY UPDATE),
    shared AS MATERIALIZED (SELECT id, state FROM work_orders
      WHERE id IN (SELECT order_id FROM picked) AND state <> 'queued' ORDER BY id FOR SHARE),
    locked AS MATERIALIZED (SELECT picked.*, COALESCE(moving.state, shared.state) AS order_state,
        moving.event_number AS order_number, moving.event_hash AS order_hash
      FROM picked LEFT JOIN moving ON moving.id = picked.order_id LEFT JOIN shared ON shared.id = picked.order_id),
    counted AS (INSERT INTO work_counts (tenant, kind, name, live)
      SELECT $1, 'agent', $6, COUNT(*) FROM locked HAVING COUNT(*) BETWEEN 1 AND $7
      ON CONFLICT (tenant, kind, name) DO UPDATE SET live = work_counts.live + excluded.live
      WHERE work_counts.live + excluded.live <= $7 RETURNING 1)
    SELECT locked.*, (SELECT COUNT(*) FROM counted) AS taken FROM locked ORDER BY ${RANK}, id`;
}
