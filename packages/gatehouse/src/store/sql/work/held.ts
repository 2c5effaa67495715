import type { Statement, WriteTransaction } from "../../../kernel/ports/store.ts";
import type { LeaseProof } from "../../../kernel/ports/work-leases.ts";
import { given, rowsAsJson } from "../row-statement.ts";
import { LEASE_COLUMNS, type LeaseRow } from "./ends.ts";
import { COLUMN_TYPES, ITEM_COLUMNS, type ItemRow, lockingStatement, ORDER_COLUMNS, type OrderRow } from "./rows.ts";

type JoinedRow = Readonly<Record<string, unknown>>;

/** What a held item rests on. */
export interface HeldRows {
  readonly lease: LeaseRow;
  item: ItemRow;
  order: OrderRow;
}

/** The lease that a proof is about. A program that works for two people holds it for one of them. */
export const SHOWN =
  "item_id = $1 AND tenant = $2 AND epoch = $3 AND token_hash = $4 AND holder_type = $5 AND holder_id = $6 " +
  "AND COALESCE(holder_for, '') = $7";
const PROOF_COLUMNS = ["item_id", "tenant", "epoch", "token_hash", "holder_type", "holder_id"] as const;
/** With the place of each among those shown. */
const NUMBERED = [...PROOF_COLUMNS, "holder_for", "number"];
/** Columns of each table by their own names, behind its letter in what is read. */
const OF_ORDER = aliases("o", ORDER_COLUMNS);
const OF_ITEM = aliases("i", ITEM_COLUMNS);
const OF_LEASE = aliases("l", LEASE_COLUMNS);
const COLUMNS = [
  ...OF_ORDER.map(([name, alias]) => `o.${name} AS ${alias}`),
  ...OF_ITEM.map(([name, alias]) => `i.${name} AS ${alias}`),
  ...OF_LEASE.map(([name, alias]) => `l.${name} AS ${alias}`),
].join(", ");
/** All that a proof is good for, locked in the order of the tables. */
const HOLD = lockingStatement(
  `SELECT ${COLUMNS}
   FROM work_orders AS o, work_items AS i, work_leases AS l
   WHERE l.item_id = $1 AND l.tenant = $2 AND l.epoch = $3 AND l.token_hash = $4 AND l.holder_type = $5
     AND l.holder_id = $6 AND COALESCE(l.holder_for, '') = $7 AND i.id = l.item_id AND o.id = l.order_id`,
  "FOR NO KEY UPDATE OF o, i, l",
);

/** The same of many on PostgreSQL, which are locked in one order whoever asks. */
const HOLD_ALL = `SELECT ${COLUMNS}, given.number AS proof
   FROM ${given(NUMBERED, COLUMN_TYPES)}
     JOIN work_leases AS l USING (${PROOF_COLUMNS.join(", ")})
     JOIN work_items AS i ON i.id = l.item_id JOIN work_orders AS o ON o.id = l.order_id
   WHERE COALESCE(l.holder_for, '') = given.holder_for
   ORDER BY o.id, i.id FOR NO KEY UPDATE OF o, i, l`;
const MANY: Statement = Object.freeze({ sqlite: HOLD.sqlite, postgres: HOLD_ALL });

/** Locks what proofs are shown for: order, item and lease. In the order of the proofs. */
export async function lockHeld(
  transaction: WriteTransaction,
  proofs: readonly LeaseProof[],
): Promise<readonly (HeldRows | undefined)[]> {
  if (transaction.dialect === "sqlite" || proofs.length === 1) {
    const each = proofs.map((proof) => transaction.execute<JoinedRow>(HOLD, shown(proof)));
    return (await Promise.all(each)).map(([row]) => row && heldRows(row));
  }
  const numbered = proofs.map((proof, number) => [...shown(proof), number]);
  const rows = await transaction.execute<JoinedRow>(MANY, [rowsAsJson({ columns: NUMBERED }, numbered)]);
  const found = new Map(rows.map((row) => [row["proof"], heldRows(row)]));
  return proofs.map((_, number) => found.get(number));
}

/** The values of `SHOWN`. */
export function shown({ item, tenant, epoch, tokenHash, holder }: LeaseProof) {
  return [item, tenant, epoch, tokenHash, holder.type, holder.id, holder.onBehalfOf ?? ""];
}

function heldRows(row: JoinedRow): HeldRows {
  return {
    // The columns of each table, behind its letter.
    order: columnsOf(OF_ORDER, row) as unknown as OrderRow,
    // The same.
    item: columnsOf(OF_ITEM, row) as unknown as ItemRow,
    // The same.
    lease: columnsOf(OF_LEASE, row) as unknown as LeaseRow,
  };
}

type Aliases = readonly (readonly [name: string, alias: string])[];

function aliases(table: string, columns: string): Aliases {
  return columns.split(", ").map((name) => [name, `${table}_${name}`]);
}

function columnsOf(columns: Aliases, row: JoinedRow): JoinedRow {
  const own: Record<string, unknown> = {};
  for (const [name, alias] of columns) own[name] = row[alias];
  return own;
}
