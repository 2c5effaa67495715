import { sql, type SqlBool } from "kysely";
import type { ReadTransaction } from "../../kernel/ports/store.ts";
import type { WorkOrder, WorkOrderFilter, WorkOrders } from "../../kernel/ports/work-orders.ts";
import { portableStatement } from "./statement.ts";
import { type ItemRow, ORDER_COLUMNS, orderOf, type OrderRow } from "./work-rows.ts";

interface ListTables {
  readonly work_orders: OrderRow;
  readonly work_orders_history: OrderRow;
  readonly work_items: ItemRow;
  readonly work_items_history: ItemRow;
}

// The names are those of the table that `OrderRow` describes.
const COLUMNS = ORDER_COLUMNS.split(", ") as (keyof OrderRow)[];

/** A page of a tenant's orders, under way and archived, those of highest priority first and then the oldest. */
export async function listOrders(
  transaction: ReadTransaction,
  tenant: string,
  { filter, after, limit }: Parameters<WorkOrders["list"]>[2],
): Promise<readonly WorkOrder[]> {
  const now = filter.available === true ? await nowOf(transaction) : 0;
  const live = select(transaction, { tables: LIVE, tenant, filter, now });
  const archived = select(transaction, { tables: ARCHIVED, tenant, filter, now });
  const last = after === undefined ? undefined : await place(transaction, tenant, after);
  if (after !== undefined && last === undefined) return [];
  let page = transaction.query<ListTables>().selectFrom(live.unionAll(archived).as("page")).select(COLUMNS);
  if (last !== undefined) {
    const { priority, created_at, id } = last;
    page = page.where(
      sql<SqlBool>`(priority < ${priority} OR (priority = ${priority} AND (created_at > ${created_at} OR (created_at = ${created_at} AND id > ${id}))))`,
    );
  }
  const rows = await page.orderBy("priority", "desc").orderBy("created_at").orderBy("id").limit(limit).execute();
  return rows.map(orderOf);
}

const LIVE = { orders: "work_orders", items: "work_items" } as const;
const ARCHIVED = { orders: "work_orders_history", items: "work_items_history" } as const;

interface Selection {
  readonly tables: typeof LIVE | typeof ARCHIVED;
  readonly tenant: string;
  readonly filter: WorkOrderFilter;
  readonly now: number;
}

function select(transaction: ReadTransaction, { tables, tenant, filter, now }: Selection) {
  const { states, reasons, types, risks, proposer, itemStates, leastPriority, createdAfter, createdBefore, available } =
    filter;
  let query = transaction
    .query<ListTables>()
    .selectFrom(`${tables.orders} as listed`)
    .select(COLUMNS.map((column) => `listed.${column}` as const))
    .where("listed.tenant", "=", tenant);
  if (states !== undefined) query = query.where("listed.state", "in", states);
  if (reasons !== undefined) query = query.where("listed.reason", "in", reasons);
  if (types !== undefined) query = query.where("listed.type", "in", types);
  if (risks !== undefined) query = query.where("listed.risk", "in", risks);
  if (proposer !== undefined) query = query.where("listed.proposer_id", "=", proposer);
  if (leastPriority !== undefined) query = query.where("listed.priority", ">=", leastPriority);
  if (createdAfter !== undefined) query = query.where("listed.created_at", ">", createdAfter);
  if (createdBefore !== undefined) query = query.where("listed.created_at", "<", createdBefore);
  if (itemStates !== undefined) {
    query = query.where(({ exists, selectFrom }) =>
      exists(
        selectFrom(`${tables.items} as part`)
          .select("part.id")
          .whereRef("part.order_id", "=", "listed.id")
          .where("part.state", "in", itemStates),
      ),
    );
  }
  if (available === true) {
    query = query.where(({ exists, selectFrom }) =>
      exists(
        selectFrom(`${tables.items} as part`)
          .select("part.id")
          .whereRef("part.order_id", "=", "listed.id")
          .where("part.state", "=", "queued")
          .where("part.waiting_for", "=", 0)
          .where("part.parked", "=", 0)
          .where("part.run_at", "<=", now),
      ),
    );
  }
  return query;
}

async function place(transaction: ReadTransaction, tenant: string, id: string): Promise<OrderRow | undefined> {
  const builder = transaction.query<ListTables>();
  const of = (table: "work_orders" | "work_orders_history") =>
    builder.selectFrom(table).select(COLUMNS).where("id", "=", id).where("tenant", "=", tenant);
  return of("work_orders").unionAll(of("work_orders_history")).executeTakeFirst();
}

async function nowOf(transaction: ReadTransaction): Promise<number> {
  const [row] = await transaction.execute<{ now: number }>(NOW, []);
  return row?.now ?? 0;
}

const NOW = portableStatement("SELECT {now} AS now");
