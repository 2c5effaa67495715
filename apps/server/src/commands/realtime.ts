import { z } from "zod";
import { UsageError, type Command, type CommandContext } from "../command.ts";
import { operateAndShow } from "../operate.ts";
import { formatTable } from "../terminal.ts";

const Node = z.object({
  node: z.string(),
  counts: z.array(z.object({ state: z.string(), transport: z.string(), connections: z.number() })),
  subscriptions: z.number(),
  queueBytes: z.number(),
  waiting: z.number(),
  slow: z.number(),
});
const Overview = z.object({
  nodes: z.array(Node),
  silent: z.array(z.string()),
  heard: z.array(z.object({ channel: z.string(), subscribers: z.number() })),
  connections: z.array(
    z.object({
      node: z.string(),
      client: z.string(),
      state: z.string(),
      transport: z.string(),
      ip: z.string(),
      principal: z.object({ type: z.string(), id: z.string() }).optional(),
      hears: z.number(),
      queued: z.number(),
    }),
  ),
});
const Kicked = z.object({ connections: z.number(), silent: z.array(z.string()) });
const Mute = z.object({
  id: z.string(),
  principal: z.object({ type: z.string(), id: z.string() }),
  actor: z.object({ type: z.string(), key: z.array(z.string()).optional() }),
  reason: z.string(),
  expiresAt: z.number(),
});
const Muted = z.object({ mute: Mute });
const Mutes = z.object({ mutes: z.array(Mute) });

const KINDS = ["user", "guest", "agent", "client"];
const WHOM = `${KINDS.join("|")} ID`;
const DEFAULT_MINUTES = "60";

/** `gatehouse realtime connections`. */
export const realtimeConnections: Command = {
  name: "realtime connections",
  ofTenant: true,
  usage: `[${WHOM}] [--channel NAME] [--limit N]`,
  words: 2,
  summary: "Shows the connections of all servers, those with the longest queues first, and which channels are heard.",
  flags: {
    channel: { type: "string", doc: "Only those that hear it, such as room:lobby." },
    limit: { type: "string", doc: "How many are listed, at most 200. Default 50." },
  },
  run: (context) => {
    const { channel, limit } = context.flags;
    const input = {
      ...(context.words.length === 0 ? {} : { principal: principalOf(context) }),
      ...(channel === undefined ? {} : { channel }),
      ...(limit === undefined ? {} : { limit: numberOf(limit, "--limit") }),
    };
    return operateAndShow(context, { action: "realtime.connections", input }, (value) => showOverview(context, value));
  },
};

/** `gatehouse realtime kick`. */
export const realtimeKick: Command = {
  name: "realtime kick",
  ofTenant: true,
  usage: `${WHOM}|connection ID [--channel NAME]`,
  words: 2,
  summary: "Closes the connections of somebody on all servers, or has them hear one channel no more.",
  flags: { channel: { type: "string", doc: "Only this channel, such as room:lobby." } },
  run: (context) => {
    const [kind, id] = context.words;
    const { channel } = context.flags;
    const whom = kind === "connection" && id !== undefined ? { connection: id } : { principal: principalOf(context) };
    const input = { ...whom, ...(channel === undefined ? {} : { channel }) };
    return operateAndShow(context, { action: "realtime.kick", input }, (value) => {
      const { connections, silent } = Kicked.parse(value);
      const what = channel === undefined ? "closed" : `taken off ${String(channel)}`;
      context.terminal.print(`${connections} ${connections === 1 ? "connection was" : "connections were"} ${what}.`);
      tellSilent(context, silent);
    });
  },
};

/** `gatehouse realtime mute`. */
export const realtimeMute: Command = {
  name: "realtime mute",
  ofTenant: true,
  usage: `${WHOM} --actor NAME --reason TEXT [--minutes N]`,
  words: 2,
  summary: "Has actors take no commands of somebody for a while.",
  flags: {
    actor: { type: "string", doc: "One actor, such as room:lobby, or all of a type: room." },
    reason: { type: "string", doc: "Why; shown in the console and the audit trail." },
    minutes: { type: "string", doc: `How long. Default ${DEFAULT_MINUTES}.` },
  },
  run: (context) => {
    const { actor, reason, minutes = DEFAULT_MINUTES } = context.flags;
    if (actor === undefined || reason === undefined) {
      throw new UsageError(
        'Say whom, where and why: gatehouse realtime mute user ada --actor room:lobby --reason "spam" --minutes 60',
      );
    }
    const input = { principal: principalOf(context), actor, reason, minutes: numberOf(minutes, "--minutes") };
    return operateAndShow(context, { action: "realtime.mute", input }, (value) => {
      const { mute } = Muted.parse(value);
      context.terminal.print(
        `${nameOf(mute.principal)} is muted at ${placeOf(mute)} until ${momentOf(mute)} (mute ${mute.id}).`,
      );
    });
  },
};

/** `gatehouse realtime mutes`. */
export const realtimeMutes: Command = {
  name: "realtime mutes",
  ofTenant: true,
  usage: "",
  summary: "Lists who is muted.",
  run: (context) =>
    operateAndShow(context, { action: "realtime.mutes", input: {} }, (value) => {
      const { mutes } = Mutes.parse(value);
      if (mutes.length === 0) return context.terminal.print("Nobody is muted.");
      const rows = mutes.map((mute) => [
        ...[mute.id, nameOf(mute.principal), placeOf(mute)],
        ...[momentOf(mute), mute.reason],
      ]);
      context.terminal.print(formatTable(["ID", "WHO", "AT", "UNTIL", "REASON"], rows));
    }),
};

/** `gatehouse realtime unmute`. */
export const realtimeUnmute: Command = {
  name: "realtime unmute",
  ofTenant: true,
  usage: "ID",
  words: 1,
  summary: "Lets somebody speak again before a mute ends.",
  run: (context) => {
    const [id] = context.words;
    if (id === undefined)
      throw new UsageError("Say which mute: gatehouse realtime unmute ID (see gatehouse realtime mutes).");
    return operateAndShow(context, { action: "realtime.unmute", input: { id } }, (value) => {
      const { mute } = Muted.parse(value);
      context.terminal.print(`${nameOf(mute.principal)} may speak again at ${placeOf(mute)}.`);
    });
  },
};

/** `gatehouse realtime close`. */
export const realtimeClose: Command = {
  name: "realtime close",
  ofTenant: true,
  usage: "ACTOR",
  words: 1,
  summary: "Ends an actor: whoever hears it hears that it is closed, and its state and streams are deleted.",
  run: (context) => {
    const [actor] = context.words;
    if (actor === undefined) throw new UsageError("Say which actor: gatehouse realtime close room:lobby.");
    return operateAndShow(context, { action: "realtime.close-room", input: { actor } }, () => {
      context.terminal.print(`${actor} is closed.`);
    });
  },
};

/** `gatehouse realtime broadcast`. */
export const realtimeBroadcast: Command = {
  name: "realtime broadcast",
  ofTenant: true,
  usage: "ACTOR EVENT --payload JSON [--channel NAME]",
  words: 2,
  summary: "Has an actor emit one of its events to everybody who hears it.",
  flags: {
    payload: { type: "string", doc: "What the event carries, as JSON." },
    channel: { type: "string", doc: "A channel of the actor. Default: the event's own." },
  },
  run: (context) => {
    const [actor, event] = context.words;
    const { payload, channel } = context.flags;
    if (actor === undefined || event === undefined || payload === undefined) {
      throw new UsageError(
        `Say where and what: gatehouse realtime broadcast room:lobby said --payload '{"text":"Doors close soon"}'`,
      );
    }
    const input = { actor, event, data: jsonOf(payload), ...(channel === undefined ? {} : { channel }) };
    return operateAndShow(context, { action: "realtime.broadcast", input }, () => {
      context.terminal.print(`${actor} has emitted ${event}.`);
    });
  },
};

function showOverview(context: CommandContext, value: unknown): void {
  const { terminal } = context;
  const { nodes, silent, heard, connections } = Overview.parse(value);
  const counted = nodes.map(({ node, counts, subscriptions, queueBytes, waiting, slow }) => [
    ...[node, counts.map((one) => `${one.connections} ${one.state} ${one.transport}`).join(", ") || "none"],
    ...[subscriptions, queueBytes, waiting, slow].map(String),
  ]);
  const headings = ["SERVER", "CONNECTIONS", "SUBSCRIPTIONS", "QUEUED BYTES", "COMMANDS WAITING", "CLOSED AS SLOW"];
  terminal.print(formatTable(headings, counted));
  tellSilent(context, silent);
  if (heard.length > 0) {
    const rows = heard.map(({ channel, subscribers }) => [channel, String(subscribers)]);
    terminal.print(`\n${formatTable(["CHANNEL", "SUBSCRIBERS"], rows)}`);
  }
  if (connections.length === 0) return;
  const rows = connections.map(({ client, principal, state, transport, ip, hears, queued }) => [
    ...[client, principal === undefined ? "-" : nameOf(principal), state, transport, ip],
    ...[String(hears), String(queued)],
  ]);
  const columns = ["CONNECTION", "WHO", "STATE", "TRANSPORT", "ADDRESS", "CHANNELS", "QUEUED BYTES"];
  terminal.print(`\n${formatTable(columns, rows)}`);
}

function tellSilent({ terminal }: CommandContext, silent: readonly string[]): void {
  for (const node of silent) terminal.note(`The server ${node} did not answer in time.`);
}

function principalOf({ words: [type, id] }: CommandContext): { readonly type: string; readonly id: string } {
  if (type === undefined || id === undefined) throw new UsageError("Say whom: user ID, for instance.");
  if (!KINDS.includes(type)) throw new UsageError(`There are no principals of a type "${type}": ${KINDS.join(", ")}.`);
  return { type, id };
}

function numberOf(text: string | boolean, flag: string): number {
  if (typeof text === "string" && /^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new UsageError(`${flag} takes a whole number, such as 60; got "${String(text)}".`);
}

function jsonOf(text: string | boolean): unknown {
  try {
    return JSON.parse(String(text));
  } catch {
    throw new UsageError(`--payload takes JSON, such as '{"text":"hello"}'.`);
  }
}

function nameOf({ type, id }: { readonly type: string; readonly id: string }): string {
  return `${type}:${id}`;
}

function placeOf({ actor: { type, key = [] } }: z.infer<typeof Mute>): string {
  return [type, ...key].join(":");
}

function momentOf({ expiresAt }: z.infer<typeof Mute>): string {
  return new Date(expiresAt).toISOString();
}
