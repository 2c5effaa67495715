import { addressKey } from "../guards/address.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Actor, SecurityEvent } from "../kernel/event.ts";
import type { Ids } from "../kernel/ids.ts";
import { scrubText } from "../kernel/scrub.ts";

/** How floods of alike events become one row. */
export interface RollUpOptions {
  readonly clock: Clock;
  readonly ids: Ids;
  /** Rows of one kind from one source that are written singly within an interval. */
  readonly cap: number;
  /** Milliseconds. */
  readonly interval: number;
  /** Sources told apart at a time, by kind; events of further ones are counted together, by kind. */
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
  same: Pick<SecurityEvent, "actor" | "target" | "problem" | "source">;
  readonly actors: Set<string>;
  readonly targets: Set<string>;
  count: number;
  lastAt: number;
}

const VARIOUS = "various";
/** Actors and targets that the row of a flood names, and characters of each: together what a row's text has room for. */
const MOST_NAMED = 10;
const LONGEST_NAME = 46;

/**
 * Lets the first events of a kind from a source through and counts the rest of the interval, exactly. A kind is an
 * event's name, action and tenant; a source is an address (IPv6 by /64). The system's own events are always let through.
 * Memory holds `sources` windows by source, as many by kind alone for what goes beyond, and of each one event and
 * twenty short names. What goes beyond both is let through.
 */
export class RollUp {
  readonly #options: RollUpOptions;
  readonly #bySource = new Map<string, Window>();
  readonly #byKind = new Map<string, Window>();

  constructor(options: RollUpOptions) {
    this.#options = options;
  }

  /** What is to be written now: the event itself unless it is counted, after the row of an interval that is over. */
  offer(event: SecurityEvent): readonly SecurityEvent[] {
    const { ip } = event.source;
    if (ip === undefined) return [event];
    const kind = JSON.stringify([event.name, event.action, event.tenant]);
    const source = `${addressKey(ip)} ${kind}`;
    if (this.#hasRoom(this.#bySource, source)) return this.#count(this.#bySource, source, event);
    if (this.#hasRoom(this.#byKind, kind)) return this.#count(this.#byKind, kind, event);
    return [event];
  }

  /** The rows of the intervals that are over, or of all with `everything`. */
  take(everything: boolean): SecurityEvent[] {
    const now = everything ? Infinity : this.#options.clock.monotonic();
    return [this.#bySource, this.#byKind].flatMap((windows) =>
      [...windows.keys()].flatMap((key) => this.#end(windows, key, now)),
    );
  }

  /** Whether anything waits for its interval to end. */
  get pending(): boolean {
    return this.#bySource.size > 0 || this.#byKind.size > 0;
  }

  #hasRoom(windows: Map<string, Window>, key: string): boolean {
    return windows.has(key) || windows.size < this.#options.sources;
  }

  #count(windows: Map<string, Window>, key: string, event: SecurityEvent): readonly SecurityEvent[] {
    const { clock, cap, interval } = this.#options;
    const now = clock.monotonic();
    const rows = this.#end(windows, key, now);
    let window = windows.get(key);
    if (window === undefined) {
      window = { until: now + interval, seen: 0, merged: undefined };
      windows.set(key, window);
    }
    window.seen += 1;
    if (window.seen <= cap) return [...rows, event];
    window.merged = merge(window.merged, event);
    return rows;
  }

  /** Forgets a window that is over; its row, where it has counted anything. */
  #end(windows: Map<string, Window>, key: string, now: number): readonly SecurityEvent[] {
    const window = windows.get(key);
    if (window === undefined || window.until > now) return [];
    windows.delete(key);
    return window.merged === undefined ? [] : [rowOf(window.merged, this.#options.ids)];
  }
}

function merge(merged: Merged | undefined, event: SecurityEvent): Merged {
  const into = merged ?? {
    first: event,
    same: event,
    actors: new Set(),
    targets: new Set(),
    count: 0,
    lastAt: event.at,
  };
  into.count += 1;
  into.lastAt = Math.max(into.lastAt, event.at);
  into.same = common(into.same, event);
  note(into.actors, nameOf(event.actor));
  if (event.target !== undefined) note(into.targets, event.target);
  return into;
}

function nameOf({ type, id }: Actor): string {
  return `${type} ${id}`;
}

/** Keeps one name more than is shown, to know that there are more. */
function note(names: Set<string>, name: string): void {
  // Cut after scrubbing: half a secret no longer looks like one.
  if (names.size <= MOST_NAMED) names.add(scrubText(name).slice(0, LONGEST_NAME));
}

/** Several names as one text; one alone is said by the row itself. */
function listOf(names: ReadonlySet<string>): string | undefined {
  if (names.size < 2) return undefined;
  const shown = [...names].slice(0, MOST_NAMED).join(", ");
  return names.size > MOST_NAMED ? `${shown}, …` : shown;
}

function common(left: Merged["same"], right: SecurityEvent): Merged["same"] {
  const sameActor = left.actor.type === right.actor.type && left.actor.id === right.actor.id;
  const sameSource = left.source.ip === right.source.ip && left.source.entrance === right.source.entrance;
  const problem = left.problem === right.problem ? right.problem : VARIOUS;
  const target = left.target === right.target ? right.target : VARIOUS;
  return {
    actor: sameActor ? left.actor : { type: "anonymous", id: VARIOUS },
    source: sameSource ? left.source : { entrance: left.source.entrance, ip: mergedAddress(left, right) },
    ...(target === undefined ? {} : { target }),
    ...(problem === undefined ? {} : { problem }),
  };
}

function mergedAddress(left: Merged["same"], right: SecurityEvent): string {
  const [first, second] = [left.source.ip ?? VARIOUS, right.source.ip ?? VARIOUS];
  if (first === second) return first;
  const key = addressKey(second);
  return first === key || addressKey(first) === key ? key : VARIOUS;
}

function rowOf({ first, same, actors, targets, count, lastAt }: Merged, ids: Ids): SecurityEvent {
  const { name, level, tenant, action, outcome, requestId } = first;
  const { actor, source, target, problem } = same;
  const lists = { actors: listOf(actors), targets: listOf(targets) };
  const context: Record<string, string | number> = { merged: count, firstAt: first.at, lastAt };
  for (const [kind, list] of Object.entries(lists)) if (list !== undefined) context[kind] = list;
  return {
    ...{ id: ids.next(), at: lastAt, name, level, tenant, actor, source, action, outcome, requestId, context },
    ...(target === undefined ? {} : { target }),
    ...(problem === undefined ? {} : { problem }),
  };
}
