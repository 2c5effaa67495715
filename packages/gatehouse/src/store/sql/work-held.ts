import type { WriteTransaction } from "../../kernel/ports/store.ts";
import type { LeaseProof } from "../../kernel/ports/work-leases.ts";
import { LEASE_COLUMNS, type LeaseRow } from "./work-ends.ts";
import { ITEM_COLUMNS, type ItemRow, lockingStatement, ORDER_COLUMNS, type OrderRow } from "./work-rows.ts";

/** What a held item rests on. */
export interface HeldRows {
  readonly lease: LeaseRow;
  item: ItemRow;
  order: OrderRow;
}

/** The lease that a proof is about. */
export const SHOWN =
  "item_id = $1 AND tenant = $2 AND epoch = $3 AND token_hash = $4 AND holder_type = $5 AND holder_id = $6";
/** All that a proof is good for, locked in the order of the tables. */
const HOLD = lockingStatement(
  `SELECT ${aliased("o", ORDER_COLUMNS)}, ${aliased("i", ITEM_COLUMNS)}, ${aliased("l", LEASE_COLUMNS)}
   FROM work_orders AS o, work_items AS i, work_leases AS l
   WHERE l.item_id = $1 AND l.tenant = $2 AND l.epoch = $3 AND l.token_hash = $4 AND l.holder_type = $5
     AND l.holder_id = $6 AND i.id = l.item_id AND o.id = l.order_id`,
  "FOR NO KEY UPDATE OF o, i, l",
);

/** Locks what a proof is shown for: order, item and lease. */
export async function lockHeld(transaction: WriteTransaction, proof: LeaseProof): Promise<HeldRows | undefined> {
  const [joined] = await transaction.execute<Readonly<Record<string, unknown>>>(HOLD, shown(proof));
  if (joined === undefined) return undefined;
  return {
    // The columns of each table, behind its letter.
    order: columnsOf("o", joined) as unknown as OrderRow,
    // The same.
    item: columnsOf("i", joined) as unknown as ItemRow,
    // The same.
    lease: columnsOf("l", joined) as unknown as LeaseRow,
  };
}

/** The values of `SHOWN`. */
export function shown({ item, tenant, epoch, tokenHash, holder }: LeaseProof) {
  return [item, tenant, epoch, tokenHash, holder.type, holder.id];
}
function aliased(table: string, columns: string): string {
  return columns
    .split(", ")
    .map((column) => `${table}.${column} AS ${table}_${column}`)
    .join(", ");
}

function columnsOf(table: string, row: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const columns: Record<string, unknown> = {};
  for (const name in row) if (name.startsWith(`${table}_`)) columns[name.slice(2)] = row[name];
  return columns;
}
