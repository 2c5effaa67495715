import type { Ids } from "../../../kernel/ids.ts";
import type { ReadTransaction, WriteTransaction } from "../../../kernel/ports/store.ts";
import type {
  NewWorkEvent,
  NewWorkItem,
  NewWorkOrder,
  WorkActor,
  WorkOrder,
  WorkOrderCount,
  WorkOrderKey,
  WorkOrders,
} from "../../../kernel/ports/work-orders.ts";
import { ITEM_STEPS } from "../../../kernel/work-states.ts";
import { insertRows } from "../row-statement.ts";
import { portableStatement } from "../statement.ts";
import { together, type Change } from "../together.ts";
import { append, CHAIN_START, type ChainOwner, link } from "./chain.ts";
import { endLeases, LEASE_COLUMNS, type LeaseRow } from "./ends.ts";
import { listOrders } from "./order-list.ts";
import { isWorkable, LOCK_ORDER, recountWaiting, writeItem, writeOrder } from "./moves.ts";
import {
  actorColumns,
  actorOf,
  COLUMN_TYPES,
  EVENT_COLUMNS,
  eventOf,
  type EventRow,
  ITEM_COLUMNS,
  itemOf,
  type ItemRow,
  lockingStatement,
  ORDER_COLUMNS,
  orderOf,
  type OrderRow,
} from "./rows.ts";
import { tellAvailable, type Available, type WorkTableParts } from "./availability.ts";
import { verifyEvents } from "./verification.ts";

const ADD_ORDER = insertRows("work_orders", ORDER_COLUMNS, COLUMN_TYPES);
const ADD_ITEM = insertRows("work_items", ITEM_COLUMNS, COLUMN_TYPES);
const FIND = portableStatement(`SELECT ${ORDER_COLUMNS} FROM work_orders WHERE id = $1 AND tenant = $2`);
const FIND_ARCHIVED = portableStatement(
  `SELECT ${ORDER_COLUMNS} FROM work_orders_history WHERE id = $1 AND tenant = $2`,
);
const ITEMS = portableStatement(
  `SELECT ${ITEM_COLUMNS} FROM work_items WHERE order_id = $1 AND tenant = $2
   UNION ALL SELECT ${ITEM_COLUMNS} FROM work_items_history WHERE order_id = $1 AND tenant = $2 ORDER BY number`,
);
const ITEM = portableStatement(
  `SELECT ${ITEM_COLUMNS} FROM work_items WHERE id = $1 AND tenant = $2
   UNION ALL SELECT ${ITEM_COLUMNS} FROM work_items_history WHERE id = $1 AND tenant = $2`,
);
const LOCK_ITEMS = lockingStatement(
  `SELECT ${ITEM_COLUMNS} FROM work_items WHERE order_id = $1 AND tenant = $2 ORDER BY number`,
  "FOR NO KEY UPDATE",
);
const LEASES = portableStatement(`SELECT ${LEASE_COLUMNS} FROM work_leases WHERE order_id = $1 AND tenant = $2`);
const EVENTS = portableStatement(
  `SELECT ${EVENT_COLUMNS} FROM work_events WHERE order_id = $1 AND tenant = $2 AND ($3 = '' OR id < $3)
   AND ($5 = '' OR kind = $5) ORDER BY id DESC LIMIT $4`,
);
const COUNTS = portableStatement(
  `SELECT type, risk, state, reason, COUNT(*) AS count, MIN(updated_at) AS oldest FROM work_orders
   WHERE tenant = $1 GROUP BY type, risk, state, reason ORDER BY type, risk, state, reason`,
);
const HOLDERS = portableStatement(
  `SELECT DISTINCT actor_type, actor_id, actor_for FROM work_events
   WHERE order_id = $1 AND tenant = $2 AND kind = 'leased' ORDER BY actor_type, actor_id, actor_for`,
);
const OPEN_ITEMS = portableStatement(
  `SELECT COUNT(*) AS open FROM work_items
   WHERE order_id = $1 AND state NOT IN ('submitted', 'accepted', 'completed', 'cancelled', 'dead_lettered')`,
);

/** Orders in the tables `work_orders`, `work_items` and `work_events`. */
export function createWorkOrders(parts: WorkTableParts): WorkOrders {
  return new SqlWorkOrders(parts);
}

class SqlWorkOrders implements WorkOrders {
  readonly #ids: Ids;

  readonly #available: Available;

  constructor({ ids, available }: WorkTableParts) {
    this.#ids = ids;
    this.#available = available;
  }

  // oxlint-disable-next-line eslint/max-params -- the port has four
  async add(
    transaction: WriteTransaction,
    order: NewWorkOrder,
    items: readonly NewWorkItem[],
    events: readonly NewWorkEvent[],
  ): Promise<void> {
    const at = await transaction.now();
    const owner: ChainOwner = { tenant: order.tenant, order: order.id, at, ids: this.#ids };
    const own = link(
      owner,
      CHAIN_START,
      events.filter(({ item }) => item === undefined),
    );
    const added: Change = [
      ADD_ORDER,
      [
        ...[order.id, order.tenant, order.type, order.typeVersion, "queued", "", order.priority, order.risk],
        ...[order.input, order.inputHash, order.subject ?? null, ...actorColumns(order.proposer)],
        ...[JSON.stringify(order.provenance), order.reverts ?? null, 1, 0, items.length],
        ...[own.head.event_number, own.head.event_hash, at, at, null],
      ],
    ];
    const dependents = countDependents(items);
    const itemsAdded = items.flatMap((item, index) => {
      const linked = link(
        owner,
        CHAIN_START,
        events.filter((event) => event.item === item.id),
      );
      const row: Change = [
        ADD_ITEM,
        [
          ...[item.id, order.id, order.tenant, order.type, index + 1, item.key, "queued", item.priority, item.runAt],
          ...[0, item.attempts, JSON.stringify(item.dependsOn), item.dependsOn.length, dependents.get(item.key) ?? 0],
          ...[0, item.input, null, null, null, null, null, 0, linked.head.event_number, linked.head.event_hash, at, at],
        ],
      ];
      return [row, ...append(linked)];
    });
    together(transaction, [added, ...append(own), ...itemsAdded]);
    tellAvailable(transaction, this.#available, order.tenant);
  }

  async find(transaction: ReadTransaction, { id, tenant }: WorkOrderKey): Promise<WorkOrder | undefined> {
    const [row] = await transaction.execute<OrderRow>(FIND, [id, tenant]);
    if (row !== undefined) return orderOf(row);
    const [archived] = await transaction.execute<OrderRow>(FIND_ARCHIVED, [id, tenant]);
    return archived === undefined ? undefined : orderOf(archived);
  }

  async lock(transaction: WriteTransaction, { id, tenant }: WorkOrderKey): Promise<WorkOrder | undefined> {
    const [row] = await transaction.execute<OrderRow>(LOCK_ORDER, [id, tenant]);
    return row === undefined ? undefined : orderOf(row);
  }

  // oxlint-disable-next-line eslint/max-params -- the port has four
  async change(
    transaction: WriteTransaction,
    { id, tenant, version }: Pick<WorkOrder, "tenant" | "id" | "version">,
    { planRevision, ...change }: Parameters<WorkOrders["change"]>[2],
    event: NewWorkEvent,
  ): Promise<void> {
    const [row] = await transaction.execute<OrderRow>(LOCK_ORDER, [id, tenant]);
    if (row?.version !== version) throw new Error("An order is changed that is not locked, or is not as it was read.");
    const plan = planRevision === undefined ? {} : { plan_revision: planRevision };
    const owner = { tenant, order: id, at: await transaction.now(), ids: this.#ids };
    const [, written] = writeOrder(row, { to: { ...change, ...plan }, events: [event], owner });
    together(transaction, written);
    if (change.state === "queued") tellAvailable(transaction, this.#available, tenant);
  }

  async items(transaction: ReadTransaction, { id, tenant }: WorkOrderKey): ReturnType<WorkOrders["items"]> {
    return (await transaction.execute<ItemRow>(ITEMS, [id, tenant])).map(itemOf);
  }

  async item(
    transaction: ReadTransaction,
    { id, tenant }: Parameters<WorkOrders["item"]>[1],
  ): ReturnType<WorkOrders["item"]> {
    const [row] = await transaction.execute<ItemRow>(ITEM, [id, tenant]);
    return row === undefined ? undefined : itemOf(row);
  }

  async changeItems(
    transaction: WriteTransaction,
    { id, tenant }: WorkOrderKey,
    { from, keys, to, errors, runAt, event }: Parameters<WorkOrders["changeItems"]>[2],
  ): Promise<number> {
    const [[order], rows, leases, at] = await Promise.all([
      transaction.execute<OrderRow>(LOCK_ORDER, [id, tenant]),
      transaction.execute<ItemRow>(LOCK_ITEMS, [id, tenant]),
      transaction.execute<LeaseRow>(LEASES, [id, tenant]),
      transaction.now(),
    ]);
    if (order === undefined) return 0;
    const owner = { tenant, order: id, at, ids: this.#ids };
    const meant = rows.filter(
      ({ state, key }) => from.includes(state) && ITEM_STEPS[state].includes(to) && (keys?.includes(key) ?? true),
    );
    const parked = isWorkable(order.state) ? 0 : 1;
    const again = to === "queued" ? { attempt: 0, run_at: runAt ?? at, parked } : {};
    const change = { state: to, ...again, ...(errors === undefined ? {} : { errors }) };
    const written = meant.flatMap((item) => {
      const told = { ...event, item: item.id, from: item.state, to };
      return writeItem(item, { to: change, events: [told], owner })[1];
    });
    const moved = new Set(meant.map((item) => item.id));
    const ended = endLeases(leases.filter(({ item_id }) => moved.has(item_id)));
    together(transaction, [...written, ...ended]);
    const [[row]] = await Promise.all([
      transaction.execute<Pick<OrderRow, "open">>(OPEN_ITEMS, [id]),
      recountWaiting(transaction, id),
    ]);
    await transaction.execute(SET_OPEN, [id, row?.open ?? 0]);
    return meant.length;
  }

  async note(transaction: WriteTransaction, { id, tenant }: WorkOrderKey, event: NewWorkEvent): Promise<void> {
    const owner = { tenant, order: id, at: await transaction.now(), ids: this.#ids };
    if (event.item === undefined) {
      const [row] = await transaction.execute<OrderRow>(LOCK_ORDER, [id, tenant]);
      if (row === undefined) throw new Error("Nothing is noted of an order that is not there.");
      const linked = link(owner, row, [event]);
      const { event_number, event_hash } = linked.head;
      together(transaction, [[SET_ORDER_HEAD, [id, event_number, event_hash]], ...append(linked)]);
      return;
    }
    const [row] = await transaction.execute<ItemRow>(LOCK_ITEM, [event.item, tenant, id]);
    if (row === undefined) throw new Error("Nothing is noted of an item that is not there.");
    const linked = link(owner, row, [event]);
    const { event_number, event_hash } = linked.head;
    together(transaction, [[SET_ITEM_HEAD, [row.id, event_number, event_hash]], ...append(linked)]);
  }

  async events(
    transaction: ReadTransaction,
    { id, tenant }: WorkOrderKey,
    { before = "", kind = "", limit }: Parameters<WorkOrders["events"]>[2],
  ): ReturnType<WorkOrders["events"]> {
    return (await transaction.execute<EventRow>(EVENTS, [id, tenant, before, limit, kind])).map(eventOf);
  }

  list(
    transaction: ReadTransaction,
    tenant: string,
    page: Parameters<WorkOrders["list"]>[2],
  ): ReturnType<WorkOrders["list"]> {
    return listOrders(transaction, tenant, page);
  }

  count(transaction: ReadTransaction, tenant: string): ReturnType<WorkOrders["count"]> {
    return transaction.execute<WorkOrderCount>(COUNTS, [tenant]);
  }

  verify(transaction: ReadTransaction, order: WorkOrderKey): Promise<string | undefined> {
    return verifyEvents(transaction, order);
  }

  async holders(transaction: ReadTransaction, { id, tenant }: WorkOrderKey): ReturnType<WorkOrders["holders"]> {
    const rows = await transaction.execute<HolderRow>(HOLDERS, [id, tenant]);
    return rows.map(({ actor_type, actor_id, actor_for }) => actorOf(actor_type, actor_id, actor_for));
  }
}

const SET_OPEN = portableStatement("UPDATE work_orders SET open = $2 WHERE id = $1");
const SET_ORDER_HEAD = portableStatement("UPDATE work_orders SET event_number = $2, event_hash = $3 WHERE id = $1");
const SET_ITEM_HEAD = portableStatement("UPDATE work_items SET event_number = $2, event_hash = $3 WHERE id = $1");
const LOCK_ITEM = lockingStatement(
  `SELECT ${ITEM_COLUMNS} FROM work_items WHERE id = $1 AND tenant = $2 AND order_id = $3`,
  "FOR NO KEY UPDATE",
);

interface HolderRow {
  readonly actor_type: WorkActor["type"];
  readonly actor_id: string;
  readonly actor_for: string | null;
}

function countDependents(items: readonly NewWorkItem[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const key of items.flatMap(({ dependsOn }) => dependsOn)) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}
