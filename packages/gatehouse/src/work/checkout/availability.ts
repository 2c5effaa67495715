import type { Store } from "../../kernel/ports/store.ts";
import type { WorkLeases } from "../../kernel/ports/work-leases.ts";
import { pause, type Timers } from "../../kernel/timers.ts";

/** What is waited for. */
export type Wish = Parameters<WorkLeases["claimable"]>[1];

/** Who tells that there may be something. */
export interface WorkNews {
  /** Calls with the next hint that there may be something for a tenant, until the result is disposed. */
  hear(tenant: string, heard: () => void): Disposable;
}

/** Milliseconds between looks while nothing is heard: hints may be lost, and what becomes due or expires gives none. */
const LOOK = 2000;

/** What waiting takes. */
export interface AvailabilityParts {
  readonly leases: Pick<WorkLeases, "claimable">;
  readonly timers: Timers;
  readonly news: WorkNews;
}

/** Waits for items that can be claimed. Those who wait for the same share their looks. */
export class Availability {
  readonly #leases: Pick<WorkLeases, "claimable">;
  readonly #timers: Timers;
  readonly #news: WorkNews;
  readonly #looks = new Map<string, Promise<boolean>>();

  constructor({ leases, timers, news }: AvailabilityParts) {
    this.#leases = leases;
    this.#timers = timers;
    this.#news = news;
  }

  /** Resolves once there is something, the time is over or nobody waits any more. */
  async wait(
    read: Store["read"],
    wish: Wish,
    { milliseconds, signal }: { readonly milliseconds: number; readonly signal?: AbortSignal | undefined },
  ): Promise<void> {
    const over = new AbortController();
    using _timer = this.#timers.after(milliseconds, () => over.abort());
    const ended = signal === undefined ? over.signal : AbortSignal.any([signal, over.signal]);
    while (!ended.aborted) {
      // Before looking: what comes while this looks is heard.
      const { promise: sooner, resolve } = Promise.withResolvers<void>();
      // A promise that all of a tenant share would keep every look of a quiet night until somebody proposes something.
      using _hearing = this.#news.hear(wish.tenant, resolve);
      if (await this.#look(read, wish)) return;
      await pause(this.#timers, LOOK, { signal: ended, sooner });
    }
  }

  #look(read: Store["read"], wish: Wish): Promise<boolean> {
    const key = JSON.stringify([wish.tenant, wish.types, wish.order, wish.leastPriority, wish.holder.id]);
    const known = this.#looks.get(key);
    if (known !== undefined) return known;
    const look = read((transaction) => this.#leases.claimable(transaction, wish)).finally(() =>
      this.#looks.delete(key),
    );
    this.#looks.set(key, look);
    return look;
  }
}
