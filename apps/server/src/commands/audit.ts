import { z } from "zod";
import { UsageError, type Command, type CommandContext } from "../command.ts";
import { momentOf } from "../moment.ts";
import { operateAndShow } from "../operate.ts";
import { formatTable } from "../terminal.ts";

const Events = z.object({
  events: z.array(
    z.object({
      at: z.number(),
      name: z.string(),
      outcome: z.string(),
      action: z.string(),
      actor: z.object({ type: z.string(), id: z.string() }),
      source: z.object({ entrance: z.string(), ip: z.string().optional() }),
      requestId: z.string(),
      target: z.string().optional(),
      problem: z.string().optional(),
      context: z.record(z.string(), z.unknown()).default({}),
    }),
  ),
});

type AuditEvent = z.infer<typeof Events>["events"][number];

/** What it was done to, the code of the problem, and why: `CSRF_TOKEN_INVALID reason=missing`. */
function detailsOf({ target, problem, context }: AuditEvent): string {
  const facts = Object.entries(context).map(([name, value]) => `${name}=${factText(value)}`);
  return [target, problem, ...facts].filter((part) => part !== undefined).join(" ") || "-";
}

function factText(value: unknown): string {
  const text = String(value);
  return /^[\w.:/-]+$/.test(text) ? text : JSON.stringify(text);
}

/** The most events of one answer. */
const MOST = 500;
const FILTERS = ["name", "outcome", "level", "actor", "action", "ip"] as const;

/** `gatehouse audit list`. */
export const auditList: Command = {
  name: "audit list",
  usage:
    "[--name EVENT] [--outcome success|denied|error] [--actor ID] [--action NAME] [--ip ADDRESS] " +
    "[--request ID] [--from TIME] [--until TIME] [--limit N]",
  summary: "Shows the newest events of the audit trail.",
  flags: {
    name: { type: "string", doc: "Only events of this name." },
    outcome: { type: "string", doc: "Only this outcome: success, denied or error." },
    level: { type: "string", doc: "Only this level: info, warn or critical." },
    actor: { type: "string", doc: "Only this actor." },
    action: { type: "string", doc: "Only this action." },
    ip: { type: "string", doc: "Only this address." },
    request: { type: "string", doc: "Only this request, by the number that error pages and log lines name." },
    from: { type: "string", doc: "Only since this time (ISO 8601), such as 2026-02-28T18:00Z." },
    until: { type: "string", doc: "Only before this time (ISO 8601)." },
    limit: { type: "string", doc: `How many. Default 50, at most ${MOST}.` },
  },
  run: (context) => {
    return operateAndShow(context, { action: "audit.list", input: queryOf(context.flags) }, (value) => {
      const rows = Events.parse(value).events.map((event) => [
        new Date(event.at).toISOString(),
        event.outcome,
        event.name,
        event.action,
        `${event.actor.type}:${event.actor.id}`,
        `${event.source.ip ?? "-"} (${event.source.entrance})`,
        detailsOf(event),
        event.requestId,
      ]);
      const headings = ["TIME", "OUTCOME", "EVENT", "ACTION", "ACTOR", "SOURCE", "DETAILS", "REQUEST"];
      context.terminal.print(formatTable(headings, rows));
    });
  },
};

/** The input of `audit.list` for the flags that were given. */
function queryOf(flags: CommandContext["flags"]): Readonly<Record<string, unknown>> {
  const query: Record<string, unknown> = {};
  for (const name of FILTERS) if (flags[name] !== undefined) query[name] = flags[name];
  if (flags["request"] !== undefined) query["requestId"] = flags["request"];
  if (flags["limit"] !== undefined) query["limit"] = countOf(String(flags["limit"]));
  for (const name of ["from", "until"] as const) {
    if (flags[name] !== undefined) query[name] = momentOf(name, String(flags[name]));
  }
  return query;
}

function countOf(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text) && Number(text) <= MOST) return Number(text);
  throw new UsageError(`--limit takes a whole number from 1 to ${MOST}, such as 100; got "${text}".`);
}
