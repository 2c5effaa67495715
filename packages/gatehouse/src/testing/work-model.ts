import { WAIT_PER_POINT, type ItemState, type OrderState } from "../kernel/work-states.ts";

/** An item, as the model has it. */
export interface ModelItem {
  readonly id: string;
  readonly order: ModelOrder;
  readonly key: string;
  readonly needs: readonly string[];
  readonly attempts: number;
  state: ItemState;
  runAt: number;
  attempt: number;
  epoch: number;
  holder: string | undefined;
  until: number;
  ceiling: number;
}

/** An order, likewise. */
export interface ModelOrder {
  readonly id: string;
  readonly priority: number;
  readonly items: ModelItem[];
  state: OrderState;
}

const DONE: ReadonlySet<ItemState> = new Set(["submitted", "accepted", "completed"]);
const HELD: ReadonlySet<ItemState> = new Set(["leased", "in_progress"]);
const WORKABLE: ReadonlySet<OrderState> = new Set(["queued", "checked_out", "in_progress"]);

/** What orders, items and leases do, told as plainly as can be: everything is looked for anew each time. */
export class WorkModel {
  readonly orders: ModelOrder[] = [];
  now = 0;

  get items(): readonly ModelItem[] {
    return this.orders.flatMap(({ items }) => items);
  }

  claim(holder: string, { count, cap, duration, ceiling }: Record<"count" | "cap" | "duration" | "ceiling", number>) {
    let picked = this.#claimable().slice(0, count);
    if (picked.length < count && this.reclaim() > 0) {
      const more = this.#claimable().filter((item) => !picked.includes(item));
      picked = [...picked, ...more.slice(0, count - picked.length)];
      // An item whose attempts were used up has brought its order to a stop.
      picked = picked.filter(({ order }) => WORKABLE.has(order.state));
    }
    if (picked.length === 0) return "none";
    const held = this.items.filter((item) => item.holder === holder).length;
    const granted = picked.slice(0, Math.max(0, cap - held));
    if (granted.length === 0) return "capped";
    for (const item of granted) {
      item.state = "leased";
      item.epoch += 1;
      item.attempt += 1;
      item.holder = holder;
      item.ceiling = this.now + ceiling;
      item.until = Math.min(this.now + duration, item.ceiling);
      if (item.order.state === "queued") item.order.state = "checked_out";
    }
    return granted;
  }

  /** Whether whoever got an item at an epoch may write: `held`, or why not. */
  standing(item: ModelItem, epoch: number): "held" | "lost" | "expired" {
    if (!HELD.has(item.state) || item.epoch !== epoch) return "lost";
    if (item.until <= this.now) return "expired";
    return WORKABLE.has(item.order.state) ? "held" : "lost";
  }

  begin(item: ModelItem): void {
    item.state = "in_progress";
    if (item.order.state === "checked_out") item.order.state = "in_progress";
  }

  /** A beat asks for the lease alone, so that holders of what has come to a stop hear that they may stop. */
  renew(item: ModelItem, epoch: number, duration: number): "renewed" | "lost" | "expired" {
    if (!HELD.has(item.state) || item.epoch !== epoch) return "lost";
    if (item.until <= this.now) return "expired";
    item.until = Math.min(item.ceiling, Math.max(item.until, this.now + duration));
    return "renewed";
  }

  submit(item: ModelItem): boolean {
    item.state = "submitted";
    item.holder = undefined;
    const last = item.order.items.every(({ state }) => DONE.has(state));
    if (last) item.order.state = "submitted";
    return last;
  }

  giveUp(item: ModelItem, { runAt, final, uncounted }: { runAt: number; final: boolean; uncounted: boolean }) {
    if (uncounted) item.attempt -= 1;
    return this.#putBack(item, { runAt, final });
  }

  reclaim(): number {
    const expired = this.items.filter(({ state, until }) => HELD.has(state) && until <= this.now);
    for (const item of expired) this.#putBack(item, { runAt: this.now, final: false });
    return expired.length;
  }

  cancel(order: ModelOrder): void {
    order.state = "cancelled";
    for (const item of order.items) {
      if (!["queued", "leased", "in_progress", "submitted", "failed"].includes(item.state)) continue;
      item.state = "cancelled";
      item.holder = undefined;
    }
  }

  /** Puts items back for another go, those done as well where it is rework. */
  again(order: ModelOrder, from: readonly ItemState[]): void {
    order.state = "queued";
    for (const item of order.items) {
      if (!from.includes(item.state)) continue;
      item.state = "queued";
      item.attempt = 0;
      item.runAt = this.now;
      item.holder = undefined;
    }
  }

  #putBack(
    item: ModelItem,
    { runAt, final }: { readonly runAt: number; readonly final: boolean },
  ): "queued" | "failed" {
    const { order } = item;
    item.state = final || item.attempt >= item.attempts ? "failed" : "queued";
    item.holder = undefined;
    item.runAt = runAt;
    if (!WORKABLE.has(order.state)) return item.state;
    if (item.state === "failed") order.state = "failed";
    else if (!order.items.some(({ state }) => HELD.has(state) || DONE.has(state))) order.state = "queued";
    return item.state;
  }

  #claimable(): ModelItem[] {
    return this.items
      .filter(({ state, runAt, order, needs }) => {
        const waits = needs.some((key) => order.items.some((other) => other.key === key && !DONE.has(other.state)));
        return state === "queued" && runAt <= this.now && WORKABLE.has(order.state) && !waits;
      })
      .toSorted(
        (left, right) =>
          left.runAt - right.runAt - (left.order.priority - right.order.priority) * WAIT_PER_POINT ||
          (left.id < right.id ? -1 : 1),
      );
  }
}
