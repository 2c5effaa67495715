import type { Ids } from "../../../kernel/ids.ts";
import type { WriteTransaction } from "../../../kernel/ports/store.ts";
import type { HeldItem, HolderEvent, LeaseLoss, LeaseProof, WorkLeases } from "../../../kernel/ports/work-leases.ts";
import type { WorkMeasures } from "../../../kernel/ports/work-measures.ts";
import type { NewWorkEvent, WorkActor } from "../../../kernel/ports/work-orders.ts";
import { portableStatement } from "../statement.ts";
import { lockHeld, SHOWN, shown, type HeldRows as Rows } from "./held.ts";
import { together } from "../together.ts";
import type { ChainOwner } from "./chain.ts";
import { RENEW } from "./beats.ts";
import { tellAvailable, type Available, type WorkTableParts } from "./availability.ts";
import { WorkClaim } from "./claim.ts";
import { isClaimable } from "./claimable.ts";
import { countNoLonger, endLeases, LEASE_COLUMNS, leaseOf, type LeaseRow } from "./ends.ts";
import { isWorkable, writeItem, writeOrder } from "./moves.ts";
import { submitItems } from "./submissions.ts";
import { ITEM_COLUMNS, itemOf, type ItemRow, lockingStatement, ORDER_COLUMNS, orderOf, type OrderRow } from "./rows.ts";

const LOCK_ITEM = lockingStatement(
  `SELECT ${ITEM_COLUMNS} FROM work_items WHERE id = $1 AND tenant = $2`,
  "FOR NO KEY UPDATE",
);
const LOCK_LEASE = lockingStatement(`SELECT ${LEASE_COLUMNS} FROM work_leases WHERE ${SHOWN}`, "FOR NO KEY UPDATE");
const FIND = portableStatement(
  `SELECT ${LEASE_COLUMNS}, CASE WHEN until <= {now} THEN 1 ELSE 0 END AS expired FROM work_leases WHERE ${SHOWN}`,
);
const LIST = portableStatement(`SELECT ${LEASE_COLUMNS} FROM work_leases WHERE order_id = $1 AND tenant = $2`);
const CANCEL = portableStatement("UPDATE work_leases SET cancel = 1 WHERE order_id = $1 AND tenant = $2");
const EXPIRED = portableStatement(`SELECT ${LEASE_COLUMNS} FROM work_leases WHERE until <= $1 ORDER BY until LIMIT $2`);
/** Those that nobody else is about to free: whoever comes meanwhile frees others. */
const EXPIRED_OF_TENANT = lockingStatement(
  `SELECT ${LEASE_COLUMNS} FROM work_leases WHERE until <= $1 AND tenant = $3 ORDER BY until LIMIT $2`,
  "FOR UPDATE SKIP LOCKED",
);
const TRY_ORDER = lockingStatement(
  `SELECT ${ORDER_COLUMNS} FROM work_orders WHERE id = $1 AND tenant = $2`,
  "FOR NO KEY UPDATE SKIP LOCKED",
);
const END_EXPIRED = portableStatement(
  "DELETE FROM work_leases WHERE item_id = $1 AND epoch = $2 AND until <= $3 RETURNING item_id",
);
const UNDER_WAY = portableStatement(
  `SELECT id FROM work_items
   WHERE order_id = $1 AND id <> $2 AND state IN ('leased', 'in_progress', 'submitted', 'accepted') LIMIT 1`,
);

/** Expired items a claim frees before it says that there are none. */
const RECLAIMED_BY_CLAIM = 50;

const SYSTEM: WorkActor = { type: "system", id: "work" };

/** Leases in the table `work_leases`, over the tables of orders and items. */
export function createWorkLeases(parts: WorkLeasesParts): WorkLeases {
  return new SqlWorkLeases(parts);
}

/** What leases are made with. */
interface WorkLeasesParts extends WorkTableParts {
  readonly measures?: Pick<WorkMeasures, "expired">;
}

class SqlWorkLeases implements WorkLeases {
  readonly #ids: Ids;
  readonly #available: Available;
  readonly #measures: WorkLeasesParts["measures"];
  readonly #rows = new WeakMap<HeldItem, Rows>();

  constructor({ ids, available, measures }: WorkLeasesParts) {
    this.#ids = ids;
    this.#available = available;
    this.#measures = measures;
  }

  claim(transaction: WriteTransaction, request: Parameters<WorkLeases["claim"]>[1]): ReturnType<WorkLeases["claim"]> {
    const reclaim = async (own: WriteTransaction, tenant: string): Promise<number> => {
      const values = [await own.now(), RECLAIMED_BY_CLAIM, tenant];
      const expired = await own.execute<LeaseRow>(EXPIRED_OF_TENANT, values);
      return (await this.#reclaim(own, expired)).length;
    };
    return new WorkClaim(transaction, { ids: this.#ids, reclaim }, request).run();
  }

  async hold(transaction: WriteTransaction, proof: LeaseProof): Promise<HeldItem | LeaseLoss> {
    const [held] = await this.holdAll(transaction, [proof]);
    return held ?? "lost";
  }

  async holdAll(
    transaction: WriteTransaction,
    proofs: readonly LeaseProof[],
  ): Promise<readonly (HeldItem | LeaseLoss)[]> {
    const [all, now] = await Promise.all([lockHeld(transaction, proofs), transaction.now()]);
    return all.map((rows) => {
      if (rows === undefined) return "lost";
      const { lease, item, order } = rows;
      if (lease.until <= now) return "expired";
      if (!isWorkable(order.state)) return "lost";
      const held = { lease: leaseOf(lease), item: itemOf(item), order: orderOf(order) };
      this.#rows.set(held, rows);
      return held;
    });
  }

  async find(transaction: Parameters<WorkLeases["find"]>[0], proof: LeaseProof): ReturnType<WorkLeases["find"]> {
    const [row] = await transaction.execute<LeaseRow & { readonly expired: number }>(FIND, shown(proof));
    if (row === undefined) return "lost";
    return row.expired === 1 ? "expired" : leaseOf(row);
  }

  async claimable(
    transaction: Parameters<WorkLeases["claimable"]>[0],
    wish: Parameters<WorkLeases["claimable"]>[1],
  ): Promise<boolean> {
    for (const type of wish.types) if (await isClaimable(transaction, { ...wish, type })) return true;
    return false;
  }

  async renew(
    transaction: WriteTransaction,
    proof: LeaseProof,
    { durations, progress }: Parameters<WorkLeases["renew"]>[2],
  ): ReturnType<WorkLeases["renew"]> {
    const now = await transaction.now();
    const values = [...shown(proof), now, JSON.stringify(durations), progress ?? null];
    const [row] = await transaction.execute<LeaseRow>(RENEW, values);
    if (row !== undefined) return leaseOf(row);
    const [expired] = await transaction.execute<LeaseRow>(LOCK_LEASE, shown(proof));
    return expired === undefined ? "lost" : "expired";
  }

  async begin(transaction: WriteTransaction, held: HeldItem, event: HolderEvent): Promise<void> {
    const rows = this.#rowsOf(held);
    const owner = await this.#owner(transaction, rows.order);
    const { item, order } = rows;
    if (item.state === "leased") {
      const told = { ...event, item: item.id, from: item.state, to: "in_progress" };
      const [row, written] = writeItem(item, { to: { state: "in_progress" }, events: [told], owner });
      rows.item = row;
      together(transaction, written);
    }
    if (order.state !== "checked_out") return;
    const told = { ...event, item: undefined, from: order.state, to: "in_progress" };
    const [row, written] = writeOrder(order, { to: { state: "in_progress" }, events: [told], owner });
    rows.order = row;
    together(transaction, written);
  }

  async submit(
    transaction: WriteTransaction,
    held: HeldItem,
    submission: Parameters<WorkLeases["submit"]>[2],
  ): ReturnType<WorkLeases["submit"]> {
    const [{ last } = { last: false }] = await this.submitAll(transaction, [{ held, ...submission }]);
    return { last };
  }

  submitAll(
    transaction: WriteTransaction,
    submissions: Parameters<WorkLeases["submitAll"]>[1],
  ): ReturnType<WorkLeases["submitAll"]> {
    const whole = submissions.map((submission) => ({ ...submission, rows: this.#rowsOf(submission.held) }));
    const freeing = whole.find(({ rows }) => rows.item.dependents > 0);
    if (freeing !== undefined) tellAvailable(transaction, this.#available, freeing.rows.item.tenant);
    return submitItems(transaction, this.#ids, whole);
  }

  async giveUp(
    transaction: WriteTransaction,
    held: HeldItem,
    { runAt, errors, final = false, uncounted = false, event }: Parameters<WorkLeases["giveUp"]>[2],
  ): ReturnType<WorkLeases["giveUp"]> {
    const rows = this.#rowsOf(held);
    const ended = endLeases([rows.lease]);
    const attempt = uncounted ? rows.item.attempt - 1 : rows.item.attempt;
    together(transaction, ended);
    return this.#putBack(transaction, rows, { runAt, errors, final, attempt, event });
  }

  async list(
    transaction: Parameters<WorkLeases["list"]>[0],
    { id, tenant }: Parameters<WorkLeases["list"]>[1],
  ): ReturnType<WorkLeases["list"]> {
    return (await transaction.execute<LeaseRow>(LIST, [id, tenant])).map(leaseOf);
  }

  async requestCancel(
    transaction: WriteTransaction,
    { id, tenant }: Parameters<WorkLeases["requestCancel"]>[1],
  ): Promise<void> {
    await transaction.execute(CANCEL, [id, tenant]);
  }

  async reclaim(transaction: WriteTransaction, limit: number): ReturnType<WorkLeases["reclaim"]> {
    return this.#reclaim(transaction, await transaction.execute<LeaseRow>(EXPIRED, [await transaction.now(), limit]));
  }

  /** Whoever holds the lock of an order is at work on it: its expired items are left for the next time. */
  async #reclaim(transaction: WriteTransaction, expired: readonly LeaseRow[]): ReturnType<WorkLeases["reclaim"]> {
    const now = await transaction.now();
    const reclaimed: { id: string; order: string; tenant: string }[] = [];
    for (const lease of expired.toSorted((left, right) => (left.order_id < right.order_id ? -1 : 1))) {
      const { order_id, item_id, tenant, epoch } = lease;
      const [order] = await transaction.execute<OrderRow>(TRY_ORDER, [order_id, tenant]);
      if (order === undefined) continue;
      const [[item], [ended]] = await Promise.all([
        transaction.execute<ItemRow>(LOCK_ITEM, [item_id, tenant]),
        transaction.execute<Pick<LeaseRow, "item_id">>(END_EXPIRED, [item_id, epoch, now]),
      ]);
      if (item === undefined || ended === undefined) continue;
      together(transaction, countNoLonger([lease]));
      const event = { kind: "lease_expired", actor: SYSTEM, details: JSON.stringify({ epoch }) };
      const how = { runAt: now, errors: undefined, final: false, attempt: item.attempt, event };
      const to = await this.#putBack(transaction, { lease, item, order }, how);
      transaction.afterCommit(() => this.#measures?.expired(lease.type, to === "failed"));
      reclaimed.push({ id: item_id, order: order_id, tenant });
    }
    return reclaimed;
  }

  /** Puts an item whose lease has ended back in the queue, or ends it. */
  async #putBack(
    transaction: WriteTransaction,
    { item, order }: Rows,
    how: {
      readonly runAt: number;
      readonly errors: string | undefined;
      readonly final: boolean;
      readonly attempt: number;
      readonly event: HolderEvent;
    },
  ): Promise<"queued" | "failed"> {
    const { runAt, attempt, event } = how;
    const owner = await this.#owner(transaction, order);
    const usedUp = attempt >= item.attempts;
    const to = how.final || usedUp ? "failed" : "queued";
    const errors = how.errors ?? (usedUp ? USED_UP : item.errors);
    const parked = isWorkable(order.state) ? 0 : 1;
    const [, written] = writeItem(item, {
      to: { state: to, run_at: runAt, attempt, errors, parked },
      events: [{ ...event, item: item.id, from: item.state, to }],
      owner,
    });
    together(transaction, written);
    if (!isWorkable(order.state)) return to;
    if (to === "failed") await this.#failOrder(transaction, order, { event, owner });
    else await this.#queueOrder(transaction, { item, order }, { event, owner });
    if (to === "queued") tellAvailable(transaction, this.#available, order.tenant);
    return to;
  }

  async #failOrder(
    transaction: WriteTransaction,
    order: OrderRow,
    { event, owner }: { readonly event: HolderEvent; readonly owner: ChainOwner },
  ): Promise<void> {
    const told: NewWorkEvent = { ...event, kind: "failed", item: undefined, from: order.state, to: "failed" };
    const [, written] = writeOrder(order, {
      to: { state: "failed", reason: "item_failed" },
      events: [{ ...told, details: "{}" }],
      owner,
    });
    together(transaction, [...written, [CANCEL, [order.id, order.tenant]]]);
  }

  /** Nobody is at it any more, and nothing was handed in: the order is as if nobody had ever begun. */
  async #queueOrder(
    transaction: WriteTransaction,
    { item, order }: Pick<Rows, "item" | "order">,
    { event, owner }: { readonly event: HolderEvent; readonly owner: ChainOwner },
  ): Promise<void> {
    if (order.state === "queued") return;
    if ((await transaction.execute(UNDER_WAY, [order.id, item.id])).length > 0) return;
    const told: NewWorkEvent = { ...event, kind: "queued", item: undefined, from: order.state, to: "queued" };
    const [, written] = writeOrder(order, {
      to: { state: "queued", reason: "" },
      events: [{ ...told, details: "{}" }],
      owner,
    });
    together(transaction, written);
  }

  async #owner(transaction: WriteTransaction, { id, tenant }: OrderRow): Promise<ChainOwner> {
    return { tenant, order: id, at: await transaction.now(), ids: this.#ids };
  }

  #rowsOf(held: HeldItem): Rows {
    const rows = this.#rows.get(held);
    if (rows === undefined) throw new TypeError("Only what hold() has answered is held.");
    return rows;
  }
}

const USED_UP = JSON.stringify([
  { code: "max_attempts_exceeded", message: "It was begun as often as it may be, and never finished." },
]);
