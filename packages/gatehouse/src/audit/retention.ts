import type { Clock } from "../kernel/clock.ts";
import type { EventStream } from "../kernel/event-stream.ts";
import type { Ids } from "../kernel/ids.ts";
import type { AuditTrail } from "../kernel/ports/audit.ts";
import type { Store } from "../kernel/ports/store.ts";
import { pause, systemTimers, type Timers } from "../kernel/timers.ts";
import { events as auditEvents } from "./events.ts";

/** What retention is built from. */
export interface RetentionOptions {
  readonly store: Pick<Store, "write">;
  readonly trail: Pick<AuditTrail, "prune">;
  readonly events: Pick<EventStream, "emit">;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly timers?: Timers;
  /** Milliseconds rows are kept. */
  readonly keep: number;
  /** Rows deleted in one transaction. Default 1000. */
  readonly chunk?: number;
}

/** Milliseconds between chunks, in which other writers have their turn. */
const BREATH = 20;

/**
 * A job that deletes audit rows older than the retention period, in chunks short enough not to hold up
 * other writers. Resolves to how many rows it deleted; an aborted run goes on where it was the next time.
 * The deletion itself is an event.
 */
export function createRetentionJob(options: RetentionOptions): (signal?: AbortSignal) => Promise<number> {
  const { store, trail, clock, timers = systemTimers, keep, chunk = 1000 } = options;
  return async (signal) => {
    const before = clock.now() - keep;
    let pruned = 0;
    while (signal?.aborted !== true) {
      const count = await store.write((transaction) => trail.prune(transaction, before, chunk));
      pruned += count;
      if (count < chunk) break;
      await pause(timers, BREATH, { signal });
    }
    if (pruned > 0) announce(options, { before, pruned });
    return pruned;
  };
}

function announce({ events, clock, ids }: RetentionOptions, context: { before: number; pruned: number }): void {
  const id = ids.next();
  events.emit({
    id,
    at: clock.now(),
    name: auditEvents.audit_trail_pruned.name,
    level: auditEvents.audit_trail_pruned.level,
    tenant: "-",
    actor: { type: "system", id: "audit" },
    source: { entrance: "job" },
    action: "audit.prune",
    outcome: "success",
    requestId: id,
    context,
  });
}
