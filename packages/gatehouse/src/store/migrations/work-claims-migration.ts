import { ITEM_STEPS, ORDER_STEPS, WAIT_PER_POINT } from "../../kernel/work-states.ts";
import type { Migration } from "../../kernel/ports/store.ts";

/** What can be claimed, what comes first first: waiting makes up for priority. */
const QUEUED = `DROP INDEX work_items_queued;
      CREATE INDEX work_items_queued ON work_items (tenant, type, (run_at - priority * ${WAIT_PER_POINT}), id, priority)
        WHERE state = 'queued' AND waiting_for = 0 AND parked = 0`;

/** Steps are judged without a query, and what is claimed is found by how long it has waited. */
export const workClaims: Migration = Object.freeze({
  name: "0038_work_claims",
  sqlite: `DROP TRIGGER work_orders_steps;
    DROP TRIGGER work_items_steps;
    ${sqliteKnownSteps("order", "work_orders")}
    ${sqliteKnownSteps("item", "work_items")}
    DROP TABLE work_steps;
    ${QUEUED}`,
  postgres: `DROP TRIGGER work_order_steps ON work_orders;
    DROP TRIGGER work_item_steps ON work_items;
    CREATE OR REPLACE FUNCTION work_step() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION 'no % goes from % to %', TG_ARGV[0], OLD.state, NEW.state USING ERRCODE = 'check_violation';
    END $$;
    CREATE TRIGGER work_order_steps BEFORE UPDATE OF state ON work_orders
      FOR EACH ROW WHEN (${isNoStep(ORDER_STEPS)}) EXECUTE FUNCTION work_step('order');
    CREATE TRIGGER work_item_steps BEFORE UPDATE OF state ON work_items
      FOR EACH ROW WHEN (${isNoStep(ITEM_STEPS)}) EXECUTE FUNCTION work_step('item');
    DROP TABLE work_steps;
    ALTER TABLE work_orders SET (fillfactor = 70);
    ALTER TABLE work_leases SET (fillfactor = 50);
    ${QUEUED}`,
});

/** A condition on the rows before and after: the state changes in a way that is no step. */
function isNoStep(table: Readonly<Record<string, readonly string[]>>): string {
  const steps = Object.entries(table).flatMap(([from, to]) =>
    to.length === 0 ? [] : [`(OLD.state = '${from}' AND NEW.state IN (${to.map((state) => `'${state}'`).join(", ")}))`],
  );
  return `NEW.state <> OLD.state AND NOT (${steps.join(" OR ")})`;
}

function sqliteKnownSteps(kind: "order" | "item", table: string): string {
  return `CREATE TRIGGER ${table}_steps BEFORE UPDATE OF state ON ${table} WHEN ${isNoStep(kind === "order" ? ORDER_STEPS : ITEM_STEPS)}
    BEGIN SELECT RAISE(ABORT, 'no ${kind} goes this way'); END;`;
}
