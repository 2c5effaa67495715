import type { AppendOnlyTable } from "../../../kernel/ports/store.ts";
import type { WorkHistory } from "../../../kernel/ports/work-history.ts";
import { pruneAppendOnly } from "../append-only.ts";
import { portableStatement } from "../statement.ts";
import { ITEM_COLUMNS, ORDER_COLUMNS } from "./rows.ts";

const ENDED = portableStatement("SELECT id FROM work_orders WHERE closed_at < $1 ORDER BY closed_at LIMIT $2");
const ARCHIVED = portableStatement(
  "SELECT id FROM work_orders_history WHERE closed_at < $1 ORDER BY closed_at LIMIT $2",
);
const ARCHIVE = [
  `INSERT INTO work_orders_history (${ORDER_COLUMNS}) SELECT ${ORDER_COLUMNS} FROM work_orders WHERE id = $1`,
  `INSERT INTO work_items_history (${ITEM_COLUMNS}) SELECT ${ITEM_COLUMNS} FROM work_items WHERE order_id = $1`,
  "DELETE FROM work_parts WHERE item_id IN (SELECT id FROM work_items WHERE order_id = $1)",
  "DELETE FROM work_items WHERE order_id = $1",
  "DELETE FROM work_orders WHERE id = $1",
].map((text) => portableStatement(text));
const PRUNE = [
  "DELETE FROM work_applications WHERE order_id = $1",
  "DELETE FROM work_reviews WHERE order_id = $1",
  "DELETE FROM work_plans WHERE order_id = $1",
  "DELETE FROM work_items_history WHERE order_id = $1",
  "DELETE FROM work_orders_history WHERE id = $1",
].map((text) => portableStatement(text));
/** Of an order that is there, every event is: its chains would have holes else. */
export const WORK_EVENTS = {
  ...{ table: "work_events", time: "at" },
  spared: { column: "order_id", by: ["work_orders", "work_orders_history"] },
} as const satisfies AppendOnlyTable;

/** History in the tables `work_orders_history` and `work_items_history`. */
export function createWorkHistory(): WorkHistory {
  return {
    async archive(transaction, before, limit) {
      const ended = await transaction.execute<{ id: string }>(ENDED, [before, limit]);
      for (const { id } of ended) for (const statement of ARCHIVE) await transaction.execute(statement, [id]);
      return ended.length;
    },
    async prune(transaction, before, limit) {
      const archived = await transaction.execute<{ id: string }>(ARCHIVED, [before, limit]);
      for (const { id } of archived) for (const statement of PRUNE) await transaction.execute(statement, [id]);
      return archived.length;
    },
    pruneEvents: pruneAppendOnly(WORK_EVENTS),
  };
}
