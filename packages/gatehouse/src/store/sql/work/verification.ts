import type { ReadTransaction } from "../../../kernel/ports/store.ts";
import type { WorkOrderKey } from "../../../kernel/ports/work-orders.ts";
import { portableStatement } from "../statement.ts";
import { CHAIN_START, hashOf } from "./chain.ts";
import { type ChainHead, EVENT_COLUMNS, type EventRow } from "./rows.ts";

const EVENTS = portableStatement(
  `SELECT ${EVENT_COLUMNS} FROM work_events WHERE order_id = $1 AND tenant = $2 ORDER BY number, id`,
);
const HEADS = portableStatement(
  ["", "_history"]
    .flatMap((suffix) => [
      `SELECT '' AS item, event_number, event_hash FROM work_orders${suffix} WHERE id = $1 AND tenant = $2`,
      `SELECT id AS item, event_number, event_hash FROM work_items${suffix} WHERE order_id = $1 AND tenant = $2`,
    ])
    .join(" UNION ALL "),
);

/** Follows every chain of an order from its start to where its row says that it ends. */
export async function verifyEvents(
  transaction: ReadTransaction,
  { id, tenant }: WorkOrderKey,
): Promise<string | undefined> {
  const rows = await transaction.execute<EventRow>(EVENTS, [id, tenant]);
  const heads = await transaction.execute<ChainHead & { readonly item: string }>(HEADS, [id, tenant]);
  const ends = new Map<string, ChainHead>();
  for (const row of rows) {
    const chain = row.item_id ?? "";
    const former = ends.get(chain) ?? CHAIN_START;
    if (row.number !== former.event_number + 1) return `Before the event ${row.id} another one is missing.`;
    if (row.hash !== hashOf(former.event_hash, row)) return `The event ${row.id} is not as it was written.`;
    ends.set(chain, { event_number: row.number, event_hash: row.hash });
  }
  for (const { item, event_number, event_hash } of heads) {
    const end = ends.get(item) ?? CHAIN_START;
    const whose = item === "" ? "the order" : `the item ${item}`;
    if (end.event_number !== event_number) return `The last events of ${whose} are missing.`;
    if (end.event_hash !== event_hash) return `The last event of ${whose} is another one.`;
  }
  return undefined;
}
