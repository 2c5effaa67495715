import { addressKey } from "../guards/address.ts";
import type { Clock } from "../kernel/clock.ts";
import type { SecurityEvent } from "../kernel/event.ts";
import type { Ids } from "../kernel/ids.ts";

/** How floods of alike events become one row. */
export interface RollUpOptions {
  readonly clock: Clock;
  readonly ids: Ids;
  /** Rows of one kind from one source that are written singly within an interval. */
  readonly cap: number;
  /** Milliseconds. */
  readonly interval: number;
  /** Sources told apart at a time; events of further ones are counted together. */
  readonly sources: number;
}

/** What a flood is where nothing else is said: more than 20 of a kind from one source within 10 seconds. */
export const FLOODS = { cap: 20, interval: 10_000, sources: 5_000 } as const;

interface Window {
  readonly until: number;
  seen: number;
  merged: Merged | undefined;
}

interface Merged {
  readonly first: SecurityEvent;
  same: Pick<SecurityEvent, "actor" | "action" | "problem" | "source" | "tenant">;
  count: number;
  lastAt: number;
}

const VARIOUS = "various";

/**
 * Lets the first events of a kind from a source through and counts the rest of the interval, exactly. A
 * source is an address (IPv6 by /64) in a tenant. The system's own events are always let through.
 */
export class RollUp {
  readonly #options: RollUpOptions;
  readonly #windows = new Map<string, Window>();

  constructor(options: RollUpOptions) {
    this.#options = options;
  }

  /** Whether the event is to be written by itself; otherwise it has been counted. */
  admits(event: SecurityEvent): boolean {
    const { ip } = event.source;
    if (ip === undefined) return true;
    const { clock, cap, interval } = this.#options;
    const key = this.#keyFor(event, ip);
    let window = this.#windows.get(key);
    if (window === undefined) {
      window = { until: clock.monotonic() + interval, seen: 0, merged: undefined };
      this.#windows.set(key, window);
    }
    window.seen += 1;
    if (window.seen <= cap) return true;
    window.merged = merge(window.merged, event);
    return false;
  }

  /** The rows of the intervals that are over, or of all with `everything`. */
  take(everything: boolean): SecurityEvent[] {
    const now = this.#options.clock.monotonic();
    const rows: SecurityEvent[] = [];
    for (const [key, { until, merged }] of this.#windows) {
      if (!everything && until > now) continue;
      this.#windows.delete(key);
      if (merged !== undefined) rows.push(rowOf(merged, this.#options.ids));
    }
    return rows;
  }

  /** Whether anything waits for its interval to end. */
  get pending(): boolean {
    return this.#windows.size > 0;
  }

  #keyFor({ name, tenant }: SecurityEvent, ip: string): string {
    const key = `${name} ${addressKey(ip)} ${tenant}`;
    return this.#windows.has(key) || this.#windows.size < this.#options.sources ? key : name;
  }
}

function merge(merged: Merged | undefined, event: SecurityEvent): Merged {
  if (merged === undefined) return { first: event, same: event, count: 1, lastAt: event.at };
  merged.count += 1;
  merged.lastAt = Math.max(merged.lastAt, event.at);
  merged.same = common(merged.same, event);
  return merged;
}

function common(left: Merged["same"], right: SecurityEvent): Merged["same"] {
  const sameActor = left.actor.type === right.actor.type && left.actor.id === right.actor.id;
  const sameSource = left.source.ip === right.source.ip && left.source.entrance === right.source.entrance;
  const problem = left.problem === right.problem ? right.problem : VARIOUS;
  return {
    actor: sameActor ? left.actor : { type: "anonymous", id: VARIOUS },
    action: left.action === right.action ? left.action : VARIOUS,
    source: sameSource ? left.source : { entrance: left.source.entrance, ip: mergedAddress(left, right) },
    tenant: left.tenant === right.tenant ? left.tenant : "-",
    ...(problem === undefined ? {} : { problem }),
  };
}

function mergedAddress(left: Merged["same"], right: SecurityEvent): string {
  const [first, second] = [left.source.ip ?? VARIOUS, right.source.ip ?? VARIOUS];
  if (first === second) return first;
  const key = addressKey(second);
  return first === key || addressKey(first) === key ? key : VARIOUS;
}

function rowOf({ first, same, count, lastAt }: Merged, ids: Ids): SecurityEvent {
  const { name, level, outcome, requestId } = first;
  const context = { merged: count, firstAt: first.at, lastAt };
  const { actor, action, source, tenant, problem } = same;
  const row = { id: ids.next(), at: lastAt, name, level, tenant, actor, source, action, outcome, requestId, context };
  return problem === undefined ? row : { ...row, problem };
}
