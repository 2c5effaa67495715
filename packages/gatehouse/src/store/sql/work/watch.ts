import type { ReadTransaction, Statement } from "../../../kernel/ports/store.ts";
import type {
  WaitingWork,
  WorkOrderTally,
  WorkStanding,
  WorkTally,
  WorkWatch,
} from "../../../kernel/ports/work-watch.ts";
import { portableStatement } from "../statement.ts";

const ORDERS = portableStatement(
  `SELECT type, state, reason, COUNT(*) AS count, {now} - MIN(updated_at) AS age FROM work_orders
   WHERE closed_at IS NULL GROUP BY type, state, reason ORDER BY type, state, reason`,
);
const CLAIMABLE = portableStatement(
  `SELECT type, COUNT(*) AS count, {now} - MIN(run_at) AS age FROM work_items
   WHERE state = 'queued' AND waiting_for = 0 AND parked = 0 AND run_at <= {now} GROUP BY type ORDER BY type`,
);
const LEASES = portableStatement(
  "SELECT type, COUNT(*) AS count FROM work_leases WHERE until > {now} GROUP BY type ORDER BY type",
);
const PAUSES = portableStatement("SELECT kind, COUNT(*) AS count FROM work_pauses GROUP BY kind ORDER BY kind");
/** What a plan that is made anew does not change: the order stays in its state. */
const CAME_TO_STATE = `(SELECT MAX(came.at) FROM work_events AS came
  WHERE came.order_id = waiting.id AND came.item_id IS NULL AND came.new_state = waiting.state)`;
const OVERDUE = (which: string): Statement =>
  portableStatement(
    `WITH waiting AS (
       SELECT id, tenant, type, state, updated_at FROM work_orders
       WHERE closed_at IS NULL AND created_at < {now} - $1 ${which}
         AND state IN ('queued', 'checked_out', 'in_progress', 'submitted', 'approved')
     ), since AS (
       SELECT id, tenant, type, state, CASE WHEN state IN ('submitted', 'approved')
         THEN COALESCE(${CAME_TO_STATE}, updated_at) ELSE updated_at END AS since FROM waiting
     )
     SELECT id, tenant, type, state, since FROM since
     WHERE since < {now} - $1 AND NOT EXISTS (
       SELECT 1 FROM work_events AS told WHERE told.order_id = since.id AND told.kind = 'overdue' AND told.at > since.since)
     ORDER BY since, id LIMIT $2`,
  );
const FAILED = (which: string): Statement =>
  portableStatement(
    `SELECT id, tenant, type, state, updated_at AS since FROM work_orders
     WHERE closed_at IS NULL AND state = 'failed' AND updated_at < {now} - $1 ${which} ORDER BY updated_at, id LIMIT $2`,
  );
const ONE = "AND id = $3 AND tenant = $4";

type Page = Parameters<WorkWatch["overdue"]>[1];

function find(statement: (which: string) => Statement): WorkWatch["overdue"] {
  const [any, one] = [statement(""), statement(ONE)];
  return (transaction: ReadTransaction, { longer, order, limit }: Page) =>
    order === undefined
      ? transaction.execute<WaitingWork>(any, [longer, limit])
      : transaction.execute<WaitingWork>(one, [longer, limit, order.id, order.tenant]);
}

/** Looks at the tables of work orders. */
export function createWorkWatch(): WorkWatch {
  return {
    async standing(transaction) {
      const [orders, claimable, leases, pauses] = await Promise.all([
        transaction.execute<WorkOrderTally>(ORDERS, []),
        transaction.execute<WorkTally & { readonly age: number }>(CLAIMABLE, []),
        transaction.execute<WorkTally>(LEASES, []),
        transaction.execute<WorkStanding["pauses"][number]>(PAUSES, []),
      ]);
      return { orders, claimable, leases, pauses };
    },
    overdue: find(OVERDUE),
    failed: find(FAILED),
  };
}
