import type { Ids } from "../../../kernel/ids.ts";
import type { WriteTransaction } from "../../../kernel/ports/store.ts";
import type {
  ClaimableType,
  Claimed,
  ClaimedItem,
  ClaimRequest,
  LeaseCaps,
} from "../../../kernel/ports/work-leases.ts";
import { insertRows, updateRows } from "../row-statement.ts";
import { portableStatement } from "../statement.ts";
import { together, type Change } from "../together.ts";
import { append, link } from "./chain.ts";
import { CLAIMABLE, FIRST } from "./claimable.ts";
import { giveBack, takeCounts, type Counted } from "./counts.ts";
import { agentName, LEASE_COLUMNS, leaseOf, type LeaseRow } from "./ends.ts";
import { isWorkable } from "./moves.ts";
import { lockHead, pickItems, type PickedOrder } from "./pick.ts";
import { actorColumns, COLUMN_TYPES, itemOf, type ItemRow, RANK } from "./rows.ts";

const HEAD = portableStatement(`SELECT ${RANK} AS rank FROM work_items WHERE ${CLAIMABLE} ${FIRST} LIMIT 1`);
const CHECK_OUT = updateRows("work_orders", "id, state, reason, updated_at, event_number, event_hash", {
  types: COLUMN_TYPES,
  also: "version = version + 1",
});
const LEASE_ITEM = updateRows("work_items", "id, state, epoch, attempt, event_number, event_hash, updated_at", {
  types: COLUMN_TYPES,
});
const LEASE = insertRows("work_leases", LEASE_COLUMNS, COLUMN_TYPES);
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
  /** What is known of the orders that are locked. */
  readonly #orders = new Map<string, PickedOrder>();
  /** By type: how many items the agent is counted for. */
  readonly #taken = new Map<string, number>();

  constructor(transaction: WriteTransaction, parts: ClaimParts, request: ClaimRequest) {
    this.#transaction = transaction;
    this.#parts = parts;
    this.#request = request;
    const [holder_type, holder_id, holder_for] = actorColumns(request.holder);
    this.#agent = agentName({ holder_type, holder_id, holder_for });
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
    this.#orders.clear();
    this.#taken.clear();
    let picked = await this.#pick(tenant, wanted);
    if (picked.length < wanted && (await this.#parts.reclaim(this.#transaction, tenant)) > 0) {
      // What is known of orders is not so any more: expired items of theirs may have been put back.
      this.#orders.clear();
      picked = [...picked, ...(await this.#pick(tenant, wanted - picked.length, picked))];
    }
    return picked.length === 0 ? this.#refusal(tenant) : this.#take(tenant, picked);
  }

  async #pick(tenant: string, wanted: number, besides: readonly ItemRow[] = []): Promise<ItemRow[]> {
    const { order, holder, leastPriority = Number.MIN_SAFE_INTEGER, caps } = this.#request;
    const items: ItemRow[] = [];
    const known = new Set(besides.map(({ id }) => id));
    // Those known come again, as they are locked by this transaction, and are counted already.
    const cap = known.size > 0 || !Number.isFinite(caps.agent) ? 0 : caps.agent;
    for (const { type } of await this.#byRank(tenant)) {
      const limit = wanted - items.length + known.size;
      const whose = { tenant, type, leastPriority, holder: holder.id, limit, order, agent: this.#agent, cap };
      const picked = await pickItems(this.#transaction, whose);
      for (const [id, own] of picked.orders) this.#orders.set(id, own);
      this.#taken.set(type, (this.#taken.get(type) ?? 0) + picked.taken);
      items.push(...picked.items.filter(({ id }) => !known.has(id)).slice(0, wanted - items.length));
      if (items.length === wanted) break;
    }
    return items;
  }

  /** Types of several, that of the first item first. */
  async #byRank(tenant: string): Promise<readonly ClaimableType[]> {
    const { types, leastPriority = Number.MIN_SAFE_INTEGER } = this.#request;
    if (types.length < 2) return types;
    const heads = await Promise.all(
      types.map(async (type) => {
        const values = [tenant, type.type, leastPriority];
        const [head] = await this.#transaction.execute<{ rank: number }>(HEAD, values);
        return { type, head };
      }),
    );
    return heads
      .flatMap(({ type, head }) => (head === undefined ? [] : [{ type, ...head }]))
      .toSorted((left, right) => left.rank - right.rank)
      .map(({ type }) => type);
  }

  /** Leaves out items of orders that have come to a stop. */
  async #workable(items: readonly ItemRow[]): Promise<readonly ItemRow[]> {
    const unknown = new Set(items.map(({ order_id }) => order_id).filter((order) => !this.#orders.has(order)));
    for (const order of [...unknown].toSorted()) {
      const head = await lockHead(this.#transaction, order);
      if (head !== undefined) this.#orders.set(order, head);
    }
    return items.filter(({ order_id }) => {
      const state = this.#orders.get(order_id)?.state;
      return state !== undefined && isWorkable(state);
    });
  }

  /** Leases as many of the items picked as orders and caps leave. */
  async #take(tenant: string, picked: readonly ItemRow[]): Promise<Claimed> {
    const names = [...new Set(picked.map(({ type }) => type))];
    const workable = await this.#workable(picked);
    const counts = await Promise.all(
      names.map((type) => this.#count(tenant, { type, wanted: picked.filter((row) => row.type === type).length })),
    );
    const at = await this.#transaction.now();
    const claimed: ClaimedItem[] = [];
    const changes: Change[] = [];
    const surplus: Counted[] = [];
    for (const [index, type] of names.entries()) {
      const { granted, counted } = counts[index] ?? NOT_COUNTED;
      const own = workable.filter((row) => row.type === type).slice(0, granted);
      for (const row of own) changes.push(...this.#lease(row, { counted, at, claimed }));
      const whose = { tenant, type, agent: this.#agent, counted };
      surplus.push(...Array.from({ length: granted - own.length }, () => whose));
    }
    changes.push(...this.#checkOut(tenant, { at, orders: new Set(claimed.map(({ item }) => item.order)) }));
    together(this.#transaction, [...changes, ...giveBack(surplus)]);
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
    const whose = { tenant, type, agent: this.#agent };
    const taken = await takeCounts(this.#transaction, whose, { wanted, taken: this.#taken.get(type) ?? 0, caps });
    return taken.kind === "granted" ? taken : { ...NOT_COUNTED, by: taken.by };
  }

  /** What checks out those of the orders that are queued. */
  #checkOut(
    tenant: string,
    { at, orders }: { readonly at: number; readonly orders: ReadonlySet<string> },
  ): readonly Change[] {
    const { holder: actor, provenance } = this.#request;
    const told = { item: undefined, kind: "checked_out", actor, from: "queued", to: "checked_out", provenance };
    return [...orders].flatMap((order) => {
      const former = this.#orders.get(order);
      if (former?.state !== "queued") return [];
      const linked = link({ tenant, order, at, ids: this.#parts.ids }, former, [{ ...told, details: "{}" }]);
      const { event_number, event_hash } = linked.head;
      return [[CHECK_OUT, [order, "checked_out", "", at, event_number, event_hash]], ...append(linked)];
    });
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
    const leased = {
      ...{ item: id, kind: "leased", actor: holder, from: former.state, to: "leased", provenance },
      details: JSON.stringify({ epoch, attempt, until }),
    };
    const linked = link({ tenant, order: order_id, at, ids: this.#parts.ids }, former, [leased]);
    const { event_number, event_hash } = linked.head;
    const row: ItemRow = { ...former, state: "leased", epoch, attempt, updated_at: at };
    claimed.push({ item: itemOf(row), lease: leaseOf(lease) });
    const values = [id, order_id, tenant, type, epoch, token_hash, holder_type, holder_id, holder_for];
    return [
      [LEASE_ITEM, [id, "leased", epoch, attempt, event_number, event_hash, at]],
      [LEASE, [...values, until, at, ceiling, counted, 0, null]],
      ...append(linked),
    ];
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
