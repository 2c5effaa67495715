import type { EventLevel, SecurityEvent } from "../kernel/event.ts";
import { scrubContext, scrubText } from "../kernel/scrub.ts";

/** Turns an event into one line of text, without the line's end. */
export type FormatLine = (event: SecurityEvent) => string;

/** One JSON object a line, members in a fixed order, for collectors. Never contains what looks like a secret. */
export function formatJson(event: SecurityEvent): string {
  const { at, level, name, outcome, problem, tenant, actor, source, action, target, requestId, id, context } = event;
  return JSON.stringify({
    time: new Date(at).toISOString(),
    level,
    event: name,
    outcome,
    problem,
    tenant,
    actor,
    source,
    action,
    target: target === undefined ? undefined : scrubText(target),
    request_id: requestId,
    id,
    context: scrubContext(context),
  });
}

const COLOURS: Readonly<Record<EventLevel, string>> = {
  info: "\u001b[36m",
  warn: "\u001b[33m",
  critical: "\u001b[31m",
};
const FAINT = "\u001b[2m";
const PLAIN = "\u001b[0m";

/** A line for people: time, level, what happened, to whom and why. Coloured for terminals when `colour` is set. */
export function formatReadable(colour: boolean): FormatLine {
  const paint = (code: string, text: string): string => (colour ? `${code}${text}${PLAIN}` : text);
  return (event) => {
    const time = new Date(event.at).toISOString().slice(11, 23);
    const parts = [whatOf(event), resultOf(event), actorOf(event), sourceOf(event), contextOf(event)];
    const text = printable(parts.filter((part) => part !== "").join(" · "));
    const level = paint(COLOURS[event.level], event.level.padEnd(8));
    return `${paint(FAINT, time)} ${level} ${text} ${paint(FAINT, printable(event.requestId))}`;
  };
}

function whatOf({ name, action, target }: SecurityEvent): string {
  return `${name} ${action}${target === undefined ? "" : ` ${scrubText(target)}`}`;
}

function resultOf({ outcome, problem }: SecurityEvent): string {
  return problem === undefined ? outcome : `${outcome} ${problem}`;
}

function actorOf({ actor }: SecurityEvent): string {
  return `${actor.type} ${actor.id}${actor.onBehalfOf === undefined ? "" : ` for ${actor.onBehalfOf}`}`;
}

function sourceOf({ source }: SecurityEvent): string {
  return `${source.entrance}${source.ip === undefined ? "" : ` ${source.ip}`}`;
}

function contextOf({ context }: SecurityEvent): string {
  const parts: string[] = [];
  for (const [name, value] of Object.entries(scrubContext(context))) {
    if (value !== undefined) parts.push(`${name}=${typeof value === "string" ? JSON.stringify(value) : String(value)}`);
  }
  return parts.join(" ");
}

/** Text that cannot move the cursor, end the line or turn the direction of writing. */
function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "?");
}
