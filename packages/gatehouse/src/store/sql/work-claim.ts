import type { Ids } from "../../kernel/ids.ts";
import type { WriteTransaction } from "../../kernel/ports/store.ts";
import type { ClaimableType, Claimed, ClaimedItem, ClaimRequest, LeaseCaps } from "../../kernel/ports/work-leases.ts";
import { portableStatement } from "./statement.ts";
import { together, type Change } from "./together.ts";
import { append, link } from "./work-chain.ts";
import { giveBack, takeCounts } from "./work-counts.ts";
import { CLAIMABLE, NOT_PAUSED } from "./work-claimable.ts";
import { agentName, LEASE_COLUMNS, leaseOf, type LeaseRow } from "./work-ends.ts";
import { isWorkable, writeItem } from "./work-moves.ts";
import {
  actorColumns,
  type ChainHead,
  ITEM_COLUMNS,
  itemOf,
  type ItemRow,
  lockingStatement,
  type OrderRow,
  placeholders,
} from "./work-rows.ts";

const FIRST = "ORDER BY priority DESC, run_at, id";
const PICK = lockingStatement(
  `SELECT ${ITEM_COLUMNS} FROM work_items WHERE ${CLAIMABLE} AND ${NOT_PAUSED} ${FIRST} LIMIT $5`,
  "FOR NO KEY UPDATE SKIP LOCKED",
);
const PICK_OF_ORDER = lockingStatement(
  `SELECT ${ITEM_COLUMNS} FROM work_items WHERE order_id = $6 AND ${CLAIMABLE} AND ${NOT_PAUSED} ${FIRST} LIMIT $5`,
  "FOR NO KEY UPDATE SKIP LOCKED",
);
const HEAD = portableStatement(`SELECT priority, run_at FROM work_items WHERE ${CLAIMABLE} ${FIRST} LIMIT 1`);
const CHECK_OUT = portableStatement(
  `UPDATE work_orders SET state = 'checked_out', reason = '', version = version + 1, updated_at = $2
   WHERE id = $1 AND state = 'queued' RETURNING event_number, event_hash`,
);
/** Shared: others may claim of the order at the same time, and nobody may put it back in the queue. */
const SHARE_ORDER = lockingStatement("SELECT state FROM work_orders WHERE id = $1", "FOR SHARE");
const PUT_BACK = portableStatement(
  "UPDATE work_orders SET state = 'queued', version = version - 1 WHERE id = $1 AND state = 'checked_out'",
);
const WRITE_HEAD = portableStatement("UPDATE work_orders SET event_number = $2, event_hash = $3 WHERE id = $1");
const LEASE = portableStatement(`INSERT INTO work_leases (${LEASE_COLUMNS}) VALUES (${placeholders(LEASE_COLUMNS)})`);
const TURNS = portableStatement("SELECT tenant, served_at FROM work_turns");
const SERVED = portableStatement(
  `INSERT INTO work_turns (tenant, served_at) VALUES ($1, $2)
   ON CONFLICT (tenant) DO UPDATE SET served_at = excluded.served_at`,
);
const PAUSED = portableStatement(
  `SELECT kind, name, reason FROM work_pauses WHERE tenant = $1 AND (kind IN ('tenant', 'type') OR (kind = 'agent' AND name = $2))`,
);

const NOT_COUNTED = { granted: 0, counted: 0 } as const;

interface PauseRow {
  readonly kind: "agent" | "type" | "tenant";
  readonly name: string;
  readonly reason: string;
}

/** What claims need besides their transaction. */
export interface ClaimParts {
  readonly ids: Ids;
  /** Frees expired items of a tenant; how many. */
  readonly reclaim: (transaction: WriteTransaction, tenant: string) => Promise<number>;
}

/** Claims items for one request. */
export class WorkClaim {
  readonly #transaction: WriteTransaction;
  readonly #parts: ClaimParts;
  readonly #request: ClaimRequest;
  readonly #agent: string;
  /** Orders that were queued, with where their chains ended. */
  readonly #moved = new Map<string, ChainHead>();

  constructor(transaction: WriteTransaction, parts: ClaimParts, request: ClaimRequest) {
    this.#transaction = transaction;
    this.#parts = parts;
    this.#request = request;
    this.#agent = agentName({ holder_type: request.holder.type, holder_id: request.holder.id });
  }

  async run(): Promise<Claimed> {
    const { tenants } = this.#request;
    let refusal: Claimed = { kind: "none" };
    for (const tenant of await this.#inTurn(tenants)) {
      const claimed = await this.#claimIn(tenant);
      if (claimed.kind === "claimed") {
        if (tenants.length > 1) {
          await this.#transaction.execute(SERVED, [tenant, await this.#transaction.now()]);
        }
        return claimed;
      }
      if (refusal.kind === "none") refusal = claimed;
    }
    return refusal;
  }

  /** Whoever was served longest ago first. */
  async #inTurn(tenants: readonly string[]): Promise<readonly string[]> {
    if (tenants.length < 2) return tenants;
    const rows = await this.#transaction.execute<{ tenant: string; served_at: number }>(TURNS, []);
    const served = new Map(rows.map(({ tenant, served_at }) => [tenant, served_at]));
    return tenants.toSorted((left, right) => (served.get(left) ?? 0) - (served.get(right) ?? 0));
  }

  async #claimIn(tenant: string): Promise<Claimed> {
    const wanted = this.#request.tokenHashes.length;
    let picked = await this.#pick(tenant, wanted);
    if (picked.length < wanted && (await this.#parts.reclaim(this.#transaction, tenant)) > 0) {
      picked = [...picked, ...(await this.#pick(tenant, wanted - picked.length, picked))];
    }
    return picked.length === 0 ? this.#refusal(tenant) : this.#take(tenant, picked);
  }

  async #pick(tenant: string, wanted: number, besides: readonly ItemRow[] = []): Promise<ItemRow[]> {
    const { order, holder, leastPriority = Number.MIN_SAFE_INTEGER } = this.#request;
    const picked: ItemRow[] = [];
    const known = new Set(besides.map(({ id }) => id));
    for (const { type } of await this.#byPriority(tenant)) {
      const limit = wanted - picked.length + known.size;
      const values = [tenant, type, leastPriority, holder.id, limit];
      const rows =
        order === undefined
          ? await this.#transaction.execute<ItemRow>(PICK, values)
          : await this.#transaction.execute<ItemRow>(PICK_OF_ORDER, [...values, order]);
      picked.push(...rows.filter(({ id }) => !known.has(id)).slice(0, wanted - picked.length));
      if (picked.length === wanted) break;
    }
    return picked;
  }

  /** Types of several, that of the best item first. */
  async #byPriority(tenant: string): Promise<readonly ClaimableType[]> {
    const { types, leastPriority = Number.MIN_SAFE_INTEGER } = this.#request;
    if (types.length < 2) return types;
    const heads = await Promise.all(
      types.map(async (type) => {
        const values = [tenant, type.type, leastPriority];
        const [head] = await this.#transaction.execute<{ priority: number; run_at: number }>(HEAD, values);
        return { type, head };
      }),
    );
    return heads
      .flatMap(({ type, head }) => (head === undefined ? [] : [{ type, ...head }]))
      .toSorted((left, right) => right.priority - left.priority || left.run_at - right.run_at)
      .map(({ type }) => type);
  }

  /** Locks the orders of items, moves those that were queued, and leaves out items of those that have come to a stop. */
  async #checkOut(items: readonly ItemRow[]): Promise<readonly ItemRow[]> {
    const orders = [...new Set(items.map(({ order_id }) => order_id))].toSorted();
    const states = await Promise.all(orders.map((order) => this.#checkOutOrder(order)));
    const workable = new Set(orders.filter((_, index) => states[index] === true));
    return items.filter(({ order_id }) => workable.has(order_id));
  }

  async #checkOutOrder(order: string): Promise<boolean> {
    const at = await this.#transaction.now();
    for (;;) {
      const [[head], [row]] = await Promise.all([
        this.#transaction.execute<ChainHead>(CHECK_OUT, [order, at]),
        this.#transaction.execute<Pick<OrderRow, "state">>(SHARE_ORDER, [order]),
      ]);
      if (head !== undefined) {
        this.#moved.set(order, head);
        return true;
      }
      // It was put back in the queue while the lock was awaited.
      if (row?.state !== "queued") return row !== undefined && isWorkable(row.state);
    }
  }

  /** Leases as many of the items picked as orders and caps leave. */
  async #take(tenant: string, picked: readonly ItemRow[]): Promise<Claimed> {
    const names = [...new Set(picked.map(({ type }) => type))];
    // Statements of one connection run in the order they are begun in: orders are locked before counts.
    const [workable, ...counts] = await Promise.all([
      this.#checkOut(picked),
      ...names.map((type) => this.#count(tenant, { type, wanted: picked.filter((row) => row.type === type).length })),
    ]);
    const at = await this.#transaction.now();
    const claimed: ClaimedItem[] = [];
    const changes: Change[][] = [];
    for (const [index, type] of names.entries()) {
      const { granted, counted } = counts[index] ?? NOT_COUNTED;
      const own = workable.filter((row) => row.type === type).slice(0, granted);
      for (const row of own) changes.push(this.#lease(row, { counted, at, claimed }));
      for (let surplus = granted - own.length; surplus > 0; surplus -= 1) {
        changes.push([...giveBack({ tenant, type, agent: this.#agent }, counted)]);
      }
    }
    this.#tellCheckedOut(tenant, { at, changes, leased: new Set(claimed.map(({ item }) => item.order)) });
    await Promise.all(changes.map((own) => together(this.#transaction, own)));
    if (claimed.length > 0) return { kind: "claimed", items: claimed };
    const capped = counts.find(({ by }) => by !== undefined);
    return capped?.by === undefined ? { kind: "none" } : { kind: "capped", by: capped.by };
  }

  async #count(
    tenant: string,
    { type, wanted }: { readonly type: string; readonly wanted: number },
  ): Promise<{ readonly granted: number; readonly counted: number; readonly by?: keyof LeaseCaps }> {
    const cap = this.#request.types.find((kind) => kind.type === type)?.cap ?? 0;
    const caps = { ...this.#request.caps, type: cap };
    const taken = await takeCounts(this.#transaction, { tenant, type, agent: this.#agent }, { wanted, caps });
    return taken.kind === "granted" ? taken : { ...NOT_COUNTED, by: taken.by };
  }

  /** Tells of orders that were moved; those of which nothing was leased after all are put back as they were. */
  #tellCheckedOut(
    tenant: string,
    {
      at,
      changes,
      leased,
    }: { readonly at: number; readonly changes: Change[][]; readonly leased: ReadonlySet<string> },
  ): void {
    const { holder, provenance } = this.#request;
    for (const [order, former] of this.#moved) {
      if (!leased.has(order)) {
        changes.push([[PUT_BACK, [order]]]);
        continue;
      }
      const told = {
        item: undefined,
        kind: "checked_out",
        actor: holder,
        from: "queued",
        to: "checked_out",
        provenance,
      };
      const linked = link({ tenant, order, at, ids: this.#parts.ids }, former, [{ ...told, details: "{}" }]);
      const { event_number, event_hash } = linked.head;
      const written: Change[] = [[WRITE_HEAD, [order, event_number, event_hash]], ...append(linked)];
      const [first] = changes;
      if (changes.length === 1 && first !== undefined) first.push(...written);
      else changes.push(written);
    }
  }

  /** What leases an item; it goes to those claimed. */
  #lease(
    former: ItemRow,
    { counted, at, claimed }: { readonly counted: number; readonly at: number; readonly claimed: ClaimedItem[] },
  ): Change[] {
    const { holder, provenance, tokenHashes, types } = this.#request;
    const { id, order_id, tenant, type } = former;
    const kind = types.find((one) => one.type === type);
    const token_hash = tokenHashes[claimed.length];
    if (kind === undefined || token_hash === undefined) throw new RangeError("More was picked than was asked for.");
    const ceiling = at + kind.ceiling;
    const until = Math.min(at + kind.duration, ceiling);
    const [epoch, attempt] = [former.epoch + 1, former.attempt + 1];
    const [holder_type, holder_id, holder_for] = actorColumns(holder);
    const lease: LeaseRow = {
      ...{ item_id: id, order_id, tenant, type, epoch, token_hash, holder_type, holder_id, holder_for },
      ...{ until, beat_at: at, ceiling, counted, cancel: 0, progress: null },
    };
    const [row, written] = writeItem(former, {
      to: { state: "leased", epoch, attempt },
      events: [
        {
          ...{ item: id, kind: "leased", actor: holder, from: former.state, to: "leased", provenance },
          details: JSON.stringify({ epoch, attempt, until }),
        },
      ],
      owner: { tenant, order: order_id, at, ids: this.#parts.ids },
    });
    claimed.push({ item: itemOf(row), lease: leaseOf(lease) });
    const values = [id, order_id, tenant, type, epoch, token_hash, holder_type, holder_id, holder_for];
    return [...written, [LEASE, [...values, until, at, ceiling, counted, 0, null]]];
  }

  /** Why there was nothing. */
  async #refusal(tenant: string): Promise<Claimed> {
    const { holder, types } = this.#request;
    const pauses = await this.#transaction.execute<PauseRow>(PAUSED, [tenant, holder.id]);
    const general = pauses.find(({ kind }) => kind !== "type");
    if (general !== undefined) return { kind: "paused", by: general.kind, reason: general.reason };
    const paused = new Map(pauses.map(({ name, reason }) => [name, reason]));
    const [first] = types;
    if (first === undefined || !types.every(({ type }) => paused.has(type))) return { kind: "none" };
    return { kind: "paused", by: "type", reason: paused.get(first.type) ?? "" };
  }
}
