import { z } from "zod";
import type { Command } from "../command.ts";
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
    }),
  ),
});

const FILTERS = ["name", "outcome", "level", "actor", "action", "ip"] as const;

/** `gatehouse audit list`. */
export const auditList: Command = {
  name: "audit list",
  usage: "[--name EVENT] [--outcome success|denied|error] [--actor ID] [--action NAME] [--ip ADDRESS] [--limit N]",
  summary: "Shows the newest events of the audit trail.",
  flags: {
    name: { type: "string", doc: "Only events of this name." },
    outcome: { type: "string", doc: "Only this outcome: success, denied or error." },
    level: { type: "string", doc: "Only this level: info, warn or critical." },
    actor: { type: "string", doc: "Only this actor." },
    action: { type: "string", doc: "Only this action." },
    ip: { type: "string", doc: "Only this address." },
    limit: { type: "string", doc: "How many. Default 50." },
  },
  run: (context) => {
    const { limit } = context.flags;
    const given = FILTERS.filter((name) => context.flags[name] !== undefined);
    const filters = Object.fromEntries(given.map((name) => [name, context.flags[name]]));
    const input = limit === undefined ? filters : { ...filters, limit: Number(limit) };
    return operateAndShow(context, { action: "audit.list", input }, (value) => {
      const rows = Events.parse(value).events.map((event) => [
        new Date(event.at).toISOString(),
        event.outcome,
        event.name,
        event.action,
        `${event.actor.type}:${event.actor.id}`,
        `${event.source.ip ?? "-"} (${event.source.entrance})`,
      ]);
      context.terminal.print(formatTable(["TIME", "OUTCOME", "EVENT", "ACTION", "ACTOR", "SOURCE"], rows));
    });
  },
};
