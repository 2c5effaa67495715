import { sql, type RawBuilder, type SqlBool } from "kysely";
import type { ReadTransaction } from "../../../kernel/ports/store.ts";
import type { WorkOrder, WorkOrderFilter, WorkOrderPage, WorkOrderSort } from "../../../kernel/ports/work-orders.ts";
import { portableStatement } from "../statement.ts";
import { actorColumns, type ItemRow, ORDER_COLUMNS, orderOf, type OrderRow } from "./rows.ts";

interface ListTables {
  readonly work_orders: OrderRow;
  readonly work_orders_history: OrderRow;
  readonly work_items: ItemRow;
  readonly work_items_history: ItemRow;
}

// The names are those of the table that `OrderRow` describes.
const COLUMNS = ORDER_COLUMNS.split(", ") as (keyof OrderRow)[];

const DEFAULT_SORT: readonly WorkOrderSort[] = [
  { by: "priority", descending: true },
  { by: "created_at", descending: false },
];

/** A page of a tenant's orders, under way and archived. */
export async function listOrders(
  transaction: ReadTransaction,
  tenant: string,
  { filter, sort = DEFAULT_SORT, after, limit }: WorkOrderPage,
): Promise<readonly WorkOrder[]> {
  const now = filter.available === true ? await nowOf(transaction) : 0;
  const live = select(transaction, { tables: LIVE, tenant, filter, now });
  const archived = select(transaction, { tables: ARCHIVED, tenant, filter, now });
  const last = typeof after === "string" ? await valuesOf(transaction, tenant, { id: after, sort }) : after;
  if (after !== undefined && last === undefined) return [];
  let page = transaction.query<ListTables>().selectFrom(live.unionAll(archived).as("page")).select(COLUMNS);
  if (last !== undefined) page = page.where(beyond([...sort, BY_ID], last));
  for (const { by, descending } of sort) page = page.orderBy(by, descending ? "desc" : "asc");
  const rows = await page.orderBy("id").limit(limit).execute();
  return rows.map(orderOf);
}

const BY_ID = { by: "id", descending: false } as const;

/** What comes after some values in their order: the first that differs decides. */
function beyond(
  [first, ...rest]: readonly { readonly by: string; readonly descending: boolean }[],
  [value, ...others]: readonly (string | number)[],
): RawBuilder<SqlBool> {
  if (first === undefined) return sql<SqlBool>`1 = 0`;
  const column = sql.ref(first.by);
  const further = first.descending ? sql<SqlBool>`${column} < ${value}` : sql<SqlBool>`${column} > ${value}`;
  return sql<SqlBool>`(${further} OR (${column} = ${value} AND ${beyond(rest, others)}))`;
}

/** The values that an order is sorted by, and then its identifier. */
async function valuesOf(
  transaction: ReadTransaction,
  tenant: string,
  { id, sort }: { readonly id: string; readonly sort: readonly WorkOrderSort[] },
): Promise<readonly (string | number)[] | undefined> {
  const row = await place(transaction, tenant, id);
  return row && [...sort.map(({ by }) => row[by]), row.id];
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
  const { states, reasons, types, risks, proposer, proposedBy, itemStates } = filter;
  const { leastPriority, createdAfter, createdBefore, available } = filter;
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
  if (proposedBy !== undefined) {
    const [kind, id, whom] = actorColumns(proposedBy);
    query = query
      .where("listed.proposer_type", "=", kind)
      .where("listed.proposer_id", "=", id)
      .where("listed.proposer_for", whom === null ? "is" : "=", whom);
  }
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
