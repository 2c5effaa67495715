import { z } from "zod";
import { defineAction, type AnyAction, type Authorise } from "../kernel/action.ts";
import type { Entrance } from "../kernel/attempt.ts";
import { deny, isDenial, type Denial, type Outcome } from "../kernel/outcome.ts";
import type { ActorAddress } from "../kernel/ports/actors.ts";
import { MUTABLE_PRINCIPALS, type Mute, type Mutes } from "../kernel/ports/mutes.ts";
import type { Store } from "../kernel/ports/store.ts";
import { problems } from "../kernel/problems.ts";
import type { Actors, ServerAttempt } from "./actor/actors.ts";
import { isChannelPart, parseChannel } from "./channel-name.ts";
import { realtimeEvents } from "./events.ts";
import {
  MOST_LISTED,
  NodeCount,
  NodeView,
  type MeantConnections,
  type NodeQuestion,
  type ShownConnection,
} from "./node-desk.ts";

/** What operators of realtime work with. */
export interface RealtimeOperationsParts {
  readonly actors: Pick<Actors, "partsOf" | "emitFault">;
  readonly mutes: Pick<Mutes, "add" | "lift" | "list">;
  /** Asks every node; `answer` is `undefined` of those that did not answer in time. */
  readonly ask: (question: NodeQuestion) => Promise<readonly { readonly node: string; readonly answer: unknown }[]>;
  /** Has an actor do something, wherever it runs. */
  readonly perform: (address: ActorAddress, attempt: ServerAttempt) => Promise<Outcome>;
  /** Whether anybody has ever spoken to an actor, or heard it. */
  readonly exists: (read: Store["read"], address: ActorAddress) => Promise<boolean>;
  readonly operatorsOnly: Authorise<unknown>;
  readonly entrances: readonly Entrance[];
}

/** A node, as `realtime.connections` shows it. */
export interface ShownNode extends Omit<NodeView, "heard" | "connections"> {
  readonly node: string;
}

/** What `realtime.connections` answers. */
export interface ConnectionOverview {
  readonly nodes: readonly ShownNode[];
  /** Nodes that did not answer in time. */
  readonly silent: readonly string[];
  /** The channels that are heard most, over all nodes. */
  readonly heard: NodeView["heard"];
  /** The longest queues first. */
  readonly connections: readonly (ShownConnection & { readonly node: string })[];
}

/** Whom an operation concerned, over all nodes. */
export interface Kicked {
  readonly connections: number;
  /** Nodes that did not answer in time: there it may have been done, or not. */
  readonly silent: readonly string[];
}

const MINUTE = 60_000;
const LONGEST_MUTE = 366 * 24 * 60;
const MOST_HEARD = 20;
const LARGEST_DATA = 65_536;

const Principal = z.strictObject({ type: z.enum(MUTABLE_PRINCIPALS), id: z.string().min(1).max(200) });
const Client = z.string().min(1).max(64);
const Name = z.string().min(1).max(200);
const Reason = z.string().trim().min(1).max(500);

/** Looking at connections and keeping order among them, the same from the console and the command line. */
export function createRealtimeOperations(parts: RealtimeOperationsParts): readonly AnyAction[] {
  const looks = [connections(parts), mutes(parts)];
  return [...looks, kick(parts), mute(parts), unmute(parts), closeRoom(parts), broadcast(parts)];
}

function connections({ ask, operatorsOnly, entrances }: RealtimeOperationsParts): AnyAction {
  return defineAction({
    name: "realtime.connections",
    entrances,
    input: z.strictObject({
      principal: Principal.optional(),
      connection: Client.optional(),
      channel: Name.optional(),
      limit: z.int().min(0).max(MOST_LISTED).default(50),
    }),
    effects: "none",
    authorise: operatorsOnly,
    // No transaction may wait for other servers.
    prepare: async ({ attempt: { tenant }, input: { limit, ...meant } }) => {
      const answers = await ask({ what: "look", filter: filterOf(tenant, meant), limit });
      return overviewOf(answers, limit);
    },
    run: async ({ prepared }) => prepared,
  });
}

function overviewOf(answers: Awaited<ReturnType<RealtimeOperationsParts["ask"]>>, limit: number): ConnectionOverview {
  const nodes: ShownNode[] = [];
  const silent: string[] = [];
  const listed: ConnectionOverview["connections"][number][] = [];
  const heard = new Map<string, number>();
  for (const { node, answer } of answers) {
    const { success, data } = NodeView.safeParse(answer);
    if (!success) {
      silent.push(node);
      continue;
    }
    const { heard: here, connections: own, ...view } = data;
    nodes.push({ node, ...view });
    listed.push(...own.map((connection) => ({ ...connection, node })));
    for (const { channel, subscribers } of here) heard.set(channel, (heard.get(channel) ?? 0) + subscribers);
  }
  return {
    ...{ nodes, silent },
    heard: [...heard]
      .map(([channel, subscribers]) => ({ channel, subscribers }))
      .toSorted((left, right) => right.subscribers - left.subscribers)
      .slice(0, MOST_HEARD),
    connections: listed.toSorted((left, right) => right.queued - left.queued).slice(0, limit),
  };
}

function kick({ ask, actors, operatorsOnly, entrances }: RealtimeOperationsParts): AnyAction {
  const input = z
    .strictObject({
      principal: Principal.optional(),
      connection: Client.optional(),
      /** Only this channel is not heard any more. */
      channel: Name.optional(),
    })
    .refine(({ principal, connection }) => (principal === undefined) !== (connection === undefined), {
      message: "Say whom: a principal or a connection.",
    });
  return defineAction({
    ...{ name: "realtime.kick", entrances, input, effects: "external", authorise: operatorsOnly, idempotency: false },
    audit: {
      event: realtimeEvents.connections_kicked,
      target: ({ principal, connection = "" }) => (principal === undefined ? connection : principalName(principal)),
      context: ({ channel }, { connections: closed, silent }: Kicked) => ({
        ...{ channel, connections: closed },
        silent: silent.length === 0 ? undefined : silent.join(" "),
      }),
    },
    run: async ({ attempt: { tenant }, input: { channel, ...meant } }): Promise<Kicked | Denial> => {
      const filter = filterOf(tenant, meant);
      if (channel === undefined) return kickedOf(await ask({ what: "disconnect", filter }));
      if (parseChannel(channel, (type) => actors.partsOf(type)) === undefined)
        return unknown(`There is no channel ${channel}.`);
      return kickedOf(await ask({ what: "unsubscribe", filter: { ...filter, channel }, channel }));
    },
  });
}

function kickedOf(answers: Awaited<ReturnType<RealtimeOperationsParts["ask"]>>): Kicked {
  let closed = 0;
  const silent: string[] = [];
  for (const { node, answer } of answers) {
    const { success, data } = NodeCount.safeParse(answer);
    if (success) closed += data.connections;
    else silent.push(node);
  }
  return { connections: closed, silent };
}

const MuteInput = z.strictObject({
  principal: Principal,
  /** One actor, such as `room:lobby`, or all of a type: `room`. */
  actor: Name,
  minutes: z.int().min(1).max(LONGEST_MUTE).default(60),
  reason: Reason,
});

function mute({ mutes: record, actors, operatorsOnly, entrances }: RealtimeOperationsParts): AnyAction {
  return defineAction({
    ...{ name: "realtime.mute", entrances, input: MuteInput, effects: "store", authorise: operatorsOnly },
    audit: {
      event: realtimeEvents.principal_muted,
      target: ({ principal }) => principalName(principal),
      context: ({ actor, minutes, reason }) => ({ actor, minutes, reason }),
    },
    run: async ({ attempt: { tenant }, input: { principal, actor: name, minutes, reason }, transaction }) => {
      const actor = actorOf(actors, name);
      if (isDenial(actor)) return actor;
      const duration = minutes * MINUTE;
      return { mute: await record.add(transaction, { tenant, principal, actor, reason, duration }) };
    },
  });
}

function unmute({ mutes: record, operatorsOnly, entrances }: RealtimeOperationsParts): AnyAction {
  const input = z.strictObject({ id: Client });
  return defineAction({
    ...{ name: "realtime.unmute", entrances, input, effects: "store", authorise: operatorsOnly, idempotency: false },
    audit: {
      event: realtimeEvents.principal_unmuted,
      target: (_input, { mute: { principal } }: { readonly mute: Mute }) => principalName(principal),
      context: ({ id }) => ({ mute: id }),
    },
    run: async ({ attempt: { tenant }, input: { id }, transaction }) => {
      const lifted = await record.lift(transaction, { tenant, id });
      return lifted === undefined ? unknown(`There is no mute ${id}.`) : { mute: lifted };
    },
  });
}

function mutes({ mutes: record, operatorsOnly, entrances }: RealtimeOperationsParts): AnyAction {
  return defineAction({
    ...{ name: "realtime.mutes", entrances, input: z.strictObject({}), effects: "none", authorise: operatorsOnly },
    run: async ({ attempt: { tenant }, transaction }) => ({
      mutes: await record.list(transaction, tenant, MOST_LISTED),
    }),
  });
}

function closeRoom(parts: RealtimeOperationsParts): AnyAction {
  const { perform, operatorsOnly, entrances } = parts;
  const input = z.strictObject({ actor: Name });
  return defineAction({
    ...{ name: "realtime.close-room", entrances, input, effects: "external", authorise: operatorsOnly },
    audit: { event: realtimeEvents.room_closed, target: ({ actor }) => actor },
    run: async ({ attempt: { tenant }, input: { actor }, store, stepKey }) => {
      const address = await existing(parts, store, { tenant, actor });
      if (isDenial(address)) return address;
      const outcome = await perform(address, { command: "close", idempotencyKey: stepKey("close") });
      return outcome.ok ? { actor } : outcome;
    },
  });
}

const Broadcast = z.strictObject({
  actor: Name,
  event: z.string().min(1).max(64),
  data: z.unknown().refine((data) => (JSON.stringify(data) ?? "").length <= LARGEST_DATA, "This is too large."),
  /** Default: the event's own. */
  channel: z.string().min(1).max(64).optional(),
});

function broadcast(parts: RealtimeOperationsParts): AnyAction {
  const { perform, actors, operatorsOnly, entrances } = parts;
  return defineAction({
    ...{ name: "realtime.broadcast", entrances, input: Broadcast, effects: "external", authorise: operatorsOnly },
    audit: {
      event: realtimeEvents.room_broadcast,
      target: ({ actor }) => actor,
      context: ({ event, channel }) => ({ event, channel }),
    },
    run: async ({ attempt: { tenant }, input: { actor, event, data, channel }, store, stepKey }) => {
      const address = await existing(parts, store, { tenant, actor });
      if (isDenial(address)) return address;
      const input = { event, data, ...(channel === undefined ? {} : { channel }) };
      const fault = await actors.emitFault(address.type, input);
      if (fault !== undefined) return deny(problems.VALIDATION_ERROR, { detail: fault });
      const outcome = await perform(address, { command: "emit", input, idempotencyKey: stepKey("emit") });
      return outcome.ok ? { actor, event } : outcome;
    },
  });
}

type Actor = Mute["actor"];

/** The actor, or all of a type, that a text names. */
function actorOf(actors: Pick<Actors, "partsOf">, text: string): Actor | Denial {
  const [type = "", ...key] = text.split(":");
  const parts = actors.partsOf(type);
  if (parts === undefined) return unknown(`There is no actor type ${type}.`);
  if (key.length === 0) return { type };
  if (key.length === parts && key.every(isChannelPart)) return { type, key };
  return deny(problems.VALIDATION_ERROR, { detail: `${text} names no actor: ${type} has ${parts} parts in its key.` });
}

/** The address of an actor that there is. A mistyped one would come to be by being spoken to. */
async function existing(
  { actors, exists }: RealtimeOperationsParts,
  store: Store,
  { tenant, actor: text }: { readonly tenant: string; readonly actor: string },
): Promise<ActorAddress | Denial> {
  const actor = actorOf(actors, text);
  if (isDenial(actor)) return actor;
  const { type, key } = actor;
  const address = key === undefined ? undefined : { tenant, type, key };
  const isThere = address !== undefined && (await exists((work) => store.read(work), address));
  return isThere ? address : unknown(`There is no actor ${text}.`);
}

function filterOf(
  tenant: string,
  {
    principal,
    connection,
    channel,
  }: { principal?: MeantConnections["principal"]; connection?: string | undefined; channel?: string | undefined },
): MeantConnections {
  return { tenant, principal, client: connection, channel };
}

function principalName({ type, id }: Mute["principal"]): string {
  return `${type}:${id}`;
}

function unknown(detail: string): Denial {
  return deny(problems.NOT_FOUND, { detail });
}
