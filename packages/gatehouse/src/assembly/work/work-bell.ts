import type { Bus } from "../../kernel/ports/bus.ts";
import type { Timers } from "../../kernel/timers.ts";
import { subscribeLastingly } from "../../store/lasting-subscription.ts";
import type { WorkNews } from "../../work/checkout/availability.ts";

const TOPIC = "gatehouse.work.available";
/** Milliseconds between two messages of one server: what comes meanwhile goes together. */
const GAP = 50;
/** More tenants than these are told as everybody. */
const MOST_TENANTS = 100;

/** What a bell is made of. */
export interface WorkBellParts {
  readonly bus: Bus;
  readonly timers: Timers;
  readonly report: (error: unknown) => void;
}

/**
 * Tells every server that there may be something to claim. A hint and no more: it may be lost, and whoever hears it looks for
 * itself. However many items there are, a server sends one message at a time.
 */
export class WorkBell implements WorkNews {
  readonly #parts: WorkBellParts;
  readonly #waiting = new Map<string, Set<() => void>>();
  readonly #pending = new Set<string>();
  #resting = false;

  constructor(parts: WorkBellParts) {
    this.#parts = parts;
  }

  /** Hears the other servers, and this one, until the result is disposed. */
  listen(): Promise<AsyncDisposable> {
    const { bus, report } = this.#parts;
    return subscribeLastingly(bus, TOPIC, { heard: (message) => this.#hear(message), report });
  }

  hear(tenant: string, heard: () => void): Disposable {
    const waiting = this.#waiting.get(tenant) ?? new Set();
    this.#waiting.set(tenant, waiting.add(heard));
    return {
      [Symbol.dispose]: () => {
        waiting.delete(heard);
        if (waiting.size === 0 && this.#waiting.get(tenant) === waiting) this.#waiting.delete(tenant);
      },
    };
  }

  /** There may be something for a tenant; said once the transaction is durable that has made it so. */
  ring(tenant: string): void {
    this.#pending.add(tenant);
    if (!this.#resting) this.#send();
  }

  #send(): void {
    const { bus, timers, report } = this.#parts;
    const tenants = [...this.#pending];
    this.#pending.clear();
    this.#resting = tenants.length > 0;
    if (!this.#resting) return;
    timers.after(GAP, () => this.#send(), "background");
    bus.publish(TOPIC, JSON.stringify(tenants.length > MOST_TENANTS ? [] : tenants)).catch(report);
  }

  #hear(message = "[]"): void {
    const tenants = parse(message);
    for (const tenant of tenants.length === 0 ? [...this.#waiting.keys()] : tenants) {
      const waiting = this.#waiting.get(tenant) ?? [];
      this.#waiting.delete(tenant);
      for (const heard of waiting) heard();
    }
  }
}

/** Tenants of a message; what is none of ours is for everybody. */
function parse(message: string): readonly string[] {
  try {
    const tenants: unknown = JSON.parse(message);
    return Array.isArray(tenants) ? tenants.filter((tenant) => typeof tenant === "string") : [];
  } catch {
    return [];
  }
}
