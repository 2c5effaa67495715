import type { Clock } from "../../kernel/clock.ts";
import type { EventStream } from "../../kernel/event-stream.ts";
import type { EventContext, EventDefinition } from "../../kernel/event.ts";
import type { Ids } from "../../kernel/ids.ts";

/** Says what the pipeline did by itself. */
export interface Announcements {
  announce(event: EventDefinition, more: Announcement): void;
}

/** What an announcement says. */
export interface Announcement {
  readonly action: string;
  /** Whose; of the whole server where absent. */
  readonly tenant?: string;
  readonly target?: string;
  readonly failed?: true;
  readonly context: EventContext;
}

/** The pipeline as an actor on the stream of events. */
export function createAnnouncements(parts: {
  readonly events: EventStream;
  readonly ids: Ids;
  readonly clock: Clock;
}): Announcements {
  const { events, ids, clock } = parts;
  return {
    announce({ name, level }, { action, tenant = "-", target, failed, context }) {
      const id = ids.next();
      events.emit({
        ...{ id, at: clock.now(), name, level, tenant, action, context, requestId: id },
        ...(target === undefined ? {} : { target }),
        actor: PIPELINE,
        source: { entrance: "job" },
        outcome: failed === true ? "error" : "success",
      });
    },
  };
}

/** Who does what the pipeline does. */
export const PIPELINE = { type: "system", id: "media-pipeline" } as const;
