import { z } from "zod";
import type { ConnectionStats, Connections, ConnectionView, HeardChannel } from "./connection/connections.ts";
import type { ConnectionFilter } from "./connection/registry.ts";
import { DISCONNECT } from "./protocol/codes.ts";

/** The most connections, and the most channels of each, that a node names at once. */
export const MOST_LISTED = 200;
const MOST_CHANNELS = 20;
const MOST_NAMED = 10;

const Filter = z.object({
  tenant: z.string(),
  client: z.string().optional(),
  principal: z.object({ type: z.enum(["user", "guest", "agent", "client"]), id: z.string() }).optional(),
  channel: z.string().optional(),
});
/** Which connections of a tenant operators mean. */
export type MeantConnections = z.infer<typeof Filter>;

/** What operators ask nodes, and have them do. */
const Question = z.discriminatedUnion("what", [
  z.object({ what: z.literal("look"), filter: Filter, limit: z.int().min(0).max(MOST_LISTED) }),
  z.object({ what: z.literal("disconnect"), filter: Filter }),
  z.object({ what: z.literal("unsubscribe"), filter: Filter, channel: z.string() }),
]);
/** What operators ask every node. */
export type NodeQuestion = z.infer<typeof Question>;

const Principal = z.object({ type: z.string(), id: z.string() });
const ShownConnection = z.object({
  client: z.string(),
  state: z.string(),
  transport: z.string(),
  ip: z.string(),
  principal: Principal.optional(),
  channels: z.array(z.string()),
  /** How many channels it hears, of which some may not be named. */
  hears: z.number(),
  queued: z.number(),
});
/** A connection as operators are shown it. */
export type ShownConnection = z.infer<typeof ShownConnection>;

/** How a node answers `look`. */
export const NodeView = z.object({
  counts: z.array(z.object({ state: z.string(), transport: z.string(), connections: z.number() })),
  subscriptions: z.number(),
  queueBytes: z.number(),
  /** Commands that wait for actors of the node, or run. */
  waiting: z.number(),
  /** Since the node began, and of all tenants: how connections recovered, and how many were closed for reading slowly. */
  recoveries: z.object({ recovered: z.number(), unrecoverable: z.number(), too_large: z.number() }),
  slow: z.number(),
  heard: z.array(z.object({ channel: z.string(), subscribers: z.number() })),
  connections: z.array(ShownConnection),
});
/** What operators see of a node. */
export type NodeView = z.infer<typeof NodeView>;

/** How a node answers what changes something: how many connections it concerned. */
export const NodeCount = z.object({ connections: z.number() });

/** What a node answers by. */
export interface NodeDeskParts {
  readonly connections: Pick<Connections, "list" | "stats" | "mostHeard" | "disconnect" | "unsubscribe">;
  readonly waiting: () => number;
}

/** How a node answers operators; `undefined` for what it does not understand, as of another release. */
export function createNodeDesk({ connections, waiting }: NodeDeskParts): (question: unknown) => unknown {
  return (value) => {
    const { success, data: question } = Question.safeParse(value);
    if (!success) return undefined;
    const filter = filterOf(question.filter);
    switch (question.what) {
      case "look": {
        const heard = connections.mostHeard(MOST_CHANNELS, filter);
        const list = connections.list(question.limit, filter);
        return viewOf(connections.stats(filter), { heard, list, waiting: waiting() });
      }
      case "disconnect":
        return { connections: connections.disconnect(filter, DISCONNECT.forced) };
      case "unsubscribe":
        return { connections: connections.unsubscribe(filter, question.channel) };
    }
  };
}

function filterOf({ tenant, client, principal, channel }: MeantConnections): ConnectionFilter {
  return {
    tenant,
    ...(client === undefined ? {} : { client }),
    ...(principal === undefined ? {} : { principal: { ...principal, tenant } }),
    ...(channel === undefined ? {} : { channel }),
  };
}

interface Seen {
  readonly heard: readonly HeardChannel[];
  readonly list: readonly ConnectionView[];
  readonly waiting: number;
}

function viewOf(stats: ConnectionStats, { heard, list, waiting }: Seen): NodeView {
  const { open, subscriptions, queueBytes, recoveries, closed } = stats;
  const recovered = (verdict: keyof NodeView["recoveries"]): number => recoveries.get(verdict) ?? 0;
  return {
    ...{ counts: [...open], subscriptions, queueBytes, waiting, heard: [...heard] },
    recoveries: {
      recovered: recovered("recovered"),
      unrecoverable: recovered("unrecoverable"),
      too_large: recovered("too_large"),
    },
    slow: closed.get(DISCONNECT.slow.code) ?? 0,
    connections: list.map(shownOf),
  };
}

function shownOf({ client, state, transport, ip, principal, channels, queued }: ConnectionView): ShownConnection {
  return {
    ...{ client, state, transport, ip, queued, hears: channels.length, channels: channels.slice(0, MOST_NAMED) },
    ...(principal === undefined ? {} : { principal: { type: principal.type, id: principal.id } }),
  };
}
