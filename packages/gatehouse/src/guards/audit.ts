import type { AuditDescription } from "../kernel/action.ts";
import { describe } from "../kernel/attempt-event.ts";
import type { Clock } from "../kernel/clock.ts";
import { events } from "../kernel/events.ts";
import type { SecurityEvent } from "../kernel/event.ts";
import type { Guard, Passage } from "../kernel/guard.ts";
import type { Ids } from "../kernel/ids.ts";
import type { AuditTrail } from "../kernel/ports/audit.ts";
import { scrubContext, scrubText } from "../kernel/scrub.ts";

/** What the audit guard is built from. */
export interface AuditGuardOptions {
  readonly trail: Pick<AuditTrail, "append">;
  readonly ids: Ids;
  readonly clock: Clock;
}

/** How much of a target the trail keeps. */
const LONGEST_TARGET = 256;

/**
 * Writes the one event of a change into the audit trail, in the transaction of the change: there is no
 * change without its row and no row without its change. The event leaves the process after commit.
 * Denials and errors change nothing; the recorder of `gatehouse/audit` writes those.
 */
export function auditGuard(options: AuditGuardOptions): Guard {
  return {
    name: "audit",
    phase: "settle",
    modes: ["enforce"],
    compile: (action) => {
      const { audit } = action;
      if (action.effects === "none" || audit === false) return undefined;
      return {
        guard: "audit",
        phase: "settle",
        summary: (audit.event ?? events.action_performed).name,
        complete: async (passage, transaction, value) => {
          const event = eventOf(options, passage, { audit, value });
          await options.trail.append(transaction, event);
          passage.events.push({ ...event, recorded: true });
        },
      };
    },
  };
}

function eventOf(
  options: AuditGuardOptions,
  passage: Passage,
  { audit, value }: { readonly audit: AuditDescription<unknown, unknown>; readonly value: unknown },
): SecurityEvent {
  const { attempt, action, principal, input } = passage;
  const context = scrubContext(audit.context?.(input, value) ?? {});
  const definition = audit.event ?? events.action_performed;
  const event = describe(options, attempt, { definition, outcome: "success", context, principal, action: action.name });
  const target = audit.target?.(input, value);
  return target === undefined ? event : { ...event, target: scrubText(target).slice(0, LONGEST_TARGET) };
}
