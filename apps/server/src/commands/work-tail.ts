import { setTimeout } from "node:timers/promises";
import { z } from "zod";
import type { Command, CommandContext } from "../command.ts";
import { operateAndShow } from "../operate.ts";
import { visible } from "../terminal.ts";
import { Actor, nameOf } from "./work.ts";

/** Milliseconds between two looks. */
const PAUSE = 2000;
/** Events that lists and logs show at once of an order. */
const LISTED = 20;
const MOST = 100;

const Event = z.object({
  ...{ event: z.string(), kind: z.string(), actor: Actor, at: z.number() },
  ...{ from: z.string().optional(), to: z.string().optional(), details: z.record(z.string(), z.unknown()) },
});
const Orders = z.object({
  orders: z.array(z.object({ order: z.string(), updated_at: z.number(), events: z.array(Event) })),
});
const Logs = z.object({ events: z.array(Event) });
type Told = z.infer<typeof Event> & { readonly order: string };

/** `gatehouse work tail`. */
export const workTail: Command = {
  ...{ name: "work tail", ofTenant: true, words: 1, usage: "[ORDER]", flags: {} },
  summary: "Tells what happens to orders from now on, or to one, until it is interrupted; --json as lines.",
  async run(context) {
    const known = new Set<string>();
    const tell = ({ order, at, kind, actor, from, to, details }: Told): void => {
      const moved = [from, to].filter(Boolean).join(" > ");
      const line = `${new Date(at).toISOString()} ${order} ${kind} by ${nameOf(actor)} ${moved}`.trimEnd();
      context.terminal.print(`${line} ${visible(JSON.stringify(details)).slice(0, 200)}`);
    };
    for (let first = true; !context.stop.aborted; first = false) {
      const seen = await look(context);
      if (typeof seen === "number") return seen;
      // Lists tell the newest first; what happened in one instant stays in its order.
      const fresh = seen
        .filter(({ event }) => !known.has(event))
        .toReversed()
        .toSorted((left, right) => left.at - right.at);
      for (const event of fresh) known.add(event.event);
      if (!first) {
        for (const event of fresh) {
          if (context.json) context.terminal.printJson(event, "line");
          else tell(event);
        }
      }
      await setTimeout(PAUSE, undefined, { signal: context.stop }).catch(() => undefined);
    }
    return 0;
  },
};

/** What has happened lately, or the exit code where that cannot be found out. */
async function look(context: CommandContext): Promise<readonly Told[] | number> {
  const [order] = context.words;
  if (order !== undefined) return logsOf(context, order);
  const found: Told[] = [];
  const full: string[] = [];
  const input = { sort: ["-updated_at"], fields: ["updated_at"], include: ["events"], limit: MOST };
  const code = await ask(context, { action: "work.list", input }, (value) => {
    for (const { order: id, events } of Orders.parse(value).orders) {
      found.push(...events.map((event) => ({ ...event, order: id })));
      if (events.length === LISTED) full.push(id);
    }
  });
  if (code !== 0) return code;
  for (const id of full) {
    const more = await logsOf(context, id);
    if (typeof more === "number") return more;
    found.push(...more);
  }
  const once = new Map(found.map((event) => [event.event, event]));
  return [...once.values()];
}

async function logsOf(context: CommandContext, order: string): Promise<readonly Told[] | number> {
  const found: Told[] = [];
  const code = await ask(context, { action: "work.logs", input: { order, limit: MOST } }, (value) => {
    found.push(...Logs.parse(value).events.map((event) => ({ ...event, order })));
  });
  return code === 0 ? found : code;
}

/** Asks without printing the answer itself, in whatever form the command's is wanted. */
function ask(context: CommandContext, asked: { action: string; input: object }, take: (value: unknown) => void) {
  return operateAndShow({ ...context, json: false }, asked, take);
}
