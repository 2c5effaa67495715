import { readFileSync } from "node:fs";
import { createIds, systemClock, systemRandom, type Store } from "gatehouse/kernel";
import { createWorkOrders, portableStatement } from "gatehouse/store";
import { Violations } from "../drill.ts";

const LEFT_OVER = portableStatement(
  `SELECT 'items ' || state AS what, COUNT(*) AS number FROM work_items WHERE state <> 'submitted' GROUP BY state
   UNION ALL SELECT 'orders ' || state, COUNT(*) FROM work_orders WHERE state <> 'submitted' GROUP BY state
   UNION ALL SELECT 'leases', COUNT(*) FROM work_leases
   UNION ALL SELECT 'counts', COUNT(*) FROM work_counts WHERE live <> 0
   UNION ALL SELECT 'items accepted twice', COUNT(*) FROM (
     SELECT item_id FROM work_events WHERE kind = 'submitted' AND item_id IS NOT NULL
     GROUP BY item_id HAVING COUNT(*) <> 1) AS twice
   UNION ALL SELECT 'orders submitted twice', COUNT(*) FROM (
     SELECT order_id FROM work_events WHERE kind = 'submitted' AND item_id IS NULL
     GROUP BY order_id HAVING COUNT(*) <> 1) AS again
   UNION ALL SELECT 'items without acceptance', COUNT(*) FROM work_items AS item WHERE NOT EXISTS (
     SELECT 1 FROM work_events AS event
     WHERE event.order_id = item.order_id AND event.item_id = item.id AND event.kind = 'submitted')`,
);
const RESULTS = portableStatement("SELECT id, result, epoch FROM work_items WHERE id > $1 ORDER BY id LIMIT 5000");
const ORDERS = portableStatement("SELECT id FROM work_orders ORDER BY created_at DESC, id LIMIT 500");

/** What a drill has found. */
export interface Verdict {
  readonly violations: readonly string[];
  readonly items: number;
  readonly acknowledged: number;
  readonly refused: number;
  /** Claims that came to nothing. */
  readonly repeated: number;
}

/** Holds the store against what workers were told. */
export async function judge(store: Store, journal: string): Promise<Verdict> {
  const violations = new Violations();
  const left = await store.read((reading) => reading.execute<{ what: string; number: number }>(LEFT_OVER, []));
  for (const { what, number } of left) violations.expect(number === 0, `${number} ${what}`);
  const accepted = new Map<string, string>();
  let refused = 0;
  // A line that was being written when its process was killed is no acknowledgement.
  for (const line of readFileSync(journal, "utf8").split("\n").slice(0, -1)) {
    const [outcome, id = "", result = ""] = line.split(" ");
    if (outcome === "refused") refused += 1;
    if (outcome !== "accepted") continue;
    violations.expect(!accepted.has(id), `${id} was acknowledged twice`);
    accepted.set(id, result);
  }
  const acknowledged = accepted.size;
  let items = 0;
  let repeated = 0;
  for (let last = ""; ;) {
    const rows = await store.read((reading) =>
      reading.execute<{ id: string; result: string | null; epoch: number }>(RESULTS, [last]),
    );
    for (const { id, result, epoch } of rows) {
      items += 1;
      repeated += epoch - 1;
      const told = accepted.get(id);
      violations.expect(told === undefined || told === result, `${id} is ${result}, and ${told} was acknowledged`);
      accepted.delete(id);
    }
    last = rows.at(-1)?.id ?? "";
    if (rows.length === 0) break;
  }
  violations.expect(accepted.size === 0, `${accepted.size} acknowledged items are not there`);
  const orders = createWorkOrders({ ids: createIds(systemClock, systemRandom) });
  const some = await store.read((reading) => reading.execute<{ id: string }>(ORDERS, []));
  for (const { id } of some) {
    const fault = await store.read((reading) => orders.verify(reading, { id, tenant: "acme" }));
    violations.expect(fault === undefined, `${id}: ${fault}`);
  }
  return { violations: violations.list, items, acknowledged, refused, repeated };
}
