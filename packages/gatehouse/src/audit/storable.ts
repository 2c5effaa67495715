import type { EventContext, SecurityEvent } from "../kernel/event.ts";
import { scrubContext, scrubText } from "../kernel/scrub.ts";

const LONGEST_TEXT = 500;
const MOST_MEMBERS = 32;

/** An event as the trail keeps it: without secrets, of bounded size, and of characters every engine stores. */
export function storable(event: SecurityEvent): SecurityEvent {
  const { recorded: _recorded, target, ...rest } = event;
  const stored = {
    ...rest,
    tenant: clean(event.tenant),
    actor: { ...event.actor, id: clean(event.actor.id) },
    action: clean(event.action),
    context: storableContext(event.context),
  };
  return target === undefined ? stored : { ...stored, target: clean(scrubText(target)) };
}

function storableContext(context: EventContext): EventContext {
  const stored: Record<string, EventContext[string]> = {};
  for (const [name, value] of Object.entries(scrubContext(context)).slice(0, MOST_MEMBERS)) {
    stored[clean(name)] = typeof value === "string" ? clean(value) : value;
  }
  return stored;
}

/** PostgreSQL refuses U+0000 and lone surrogates in text. */
function clean(text: string): string {
  return text.slice(0, LONGEST_TEXT).replaceAll("\u0000", "?").toWellFormed();
}
