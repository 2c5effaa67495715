import type { Store } from "../kernel/ports/store.ts";
import { portableStatement } from "../store/sql/statement.ts";

const EARLIER = [
  portableStatement("UPDATE jobs SET run_at = run_at - $1"),
  portableStatement("UPDATE work_leases SET until = until - $1"),
];

/** On a store whose time is its own, jobs and leases are due so many milliseconds earlier. */
export async function makeDueEarlier(store: Store, milliseconds: number): Promise<void> {
  await store.write(async (transaction) => {
    for (const statement of EARLIER) await transaction.execute(statement, [milliseconds]);
  });
}
