import type { Clock } from "../../kernel/clock.ts";
import type { EventStream } from "../../kernel/event-stream.ts";
import type { EventContext, EventDefinition } from "../../kernel/event.ts";
import type { Ids } from "../../kernel/ids.ts";

/** What events are made with. */
export interface AnnouncerParts {
  readonly events: EventStream;
  readonly ids: Ids;
  readonly clock: Clock;
}

/** Tells what the system has done or found by itself. */
export type Announce = (
  definition: EventDefinition,
  said: {
    readonly action: string;
    readonly target: string;
    readonly failed?: boolean;
    readonly context: EventContext;
  },
) => void;

/** The system as an actor on the stream of events. */
export function createAnnouncer({ events, ids, clock }: AnnouncerParts): Announce {
  return ({ name, level }, { action, target, failed = false, context }) => {
    const id = ids.next();
    events.emit({
      ...{ id, at: clock.now(), name, level, tenant: "-", action, target, context, requestId: id },
      actor: { type: "system", id: "storage" },
      source: { entrance: "job" },
      outcome: failed ? "error" : "success",
    });
  };
}
