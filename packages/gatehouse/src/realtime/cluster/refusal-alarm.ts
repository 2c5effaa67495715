import type { Clock } from "../../kernel/clock.ts";
import type { EventStream } from "../../kernel/event-stream.ts";
import type { EventContext, EventDefinition } from "../../kernel/event.ts";
import type { Ids } from "../../kernel/ids.ts";
import { clusterEvents } from "./events.ts";
import type { Refusal } from "./signed-bus.ts";

/** What telling of a node needs. */
export interface NodeEventParts {
  readonly events: Pick<EventStream, "emit">;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Identifier of the node. */
  readonly node: string;
}

/** Milliseconds in which refused messages are told of once. */
const QUIET = 60_000;

/** Tells of messages that were refused, and how many there were since the last time. */
export class RefusalAlarm {
  readonly #parts: NodeEventParts;
  readonly #counts = new Map<Refusal, number>();
  #toldAt = -Infinity;

  constructor(parts: NodeEventParts) {
    this.#parts = parts;
  }

  /** Counts one. */
  refused(refusal: Refusal): void {
    this.#counts.set(refusal, (this.#counts.get(refusal) ?? 0) + 1);
    const now = this.#parts.clock.monotonic();
    if (now - this.#toldAt < QUIET) return;
    this.#toldAt = now;
    emitNodeEvent(this.#parts, clusterEvents.realtime_message_refused, Object.fromEntries(this.#counts));
    this.#counts.clear();
  }
}

/** Emits an event of a node itself. */
export function emitNodeEvent(parts: NodeEventParts, definition: EventDefinition, context: EventContext): void {
  const { events, clock, ids, node } = parts;
  const id = ids.next();
  events.emit({
    ...{ id, at: clock.now(), name: definition.name, level: definition.level, tenant: "-" },
    actor: { type: "system", id: node },
    source: { entrance: "realtime" },
    action: "realtime.node",
    target: node,
    outcome: "error",
    requestId: id,
    context,
  });
}
