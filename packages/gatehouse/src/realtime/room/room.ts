import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { LimitPolicy } from "../../kernel/action.ts";
import { isDenial, type Denial } from "../../kernel/outcome.ts";
import type { Actor, DefinedContract } from "../actor/actor.ts";
import type { KeyOf, PolicyContext, Schemas, Shape, TurnContext } from "../actor/context.ts";
import { declare, type DeclaredActor, type DeclaredCommand, type LooseDefinition } from "../actor/declared.ts";
import type { ActorChannel, Attendance, Retention, ShapeOf } from "../actor/definition.ts";
import type { ActorEvent } from "../actor/emit.ts";
import { DEFAULT_CHANNEL } from "../channel-name.ts";
import { roomContext, type ConnectionMeta, type RoomContext } from "./room-context.ts";
import { RoomHandlers, type AnyRoomHandler } from "./room-handlers.ts";
import { recipientOf } from "../recipient.ts";

type Now<Value> = Value | Promise<Value>;

/** Who wants to come in. */
export interface RoomVisitor<Names extends string> {
  readonly principal: PolicyContext<Shape, unknown>["principal"];
  readonly key: KeyOf<Names>;
}

/** A message that clients may send. */
export interface RoomMessageDefinition<Schema, Of extends Shape> {
  readonly input: Schema;
  /** Who may send it, of those who are let in. Default: all of them. */
  readonly policy?: (
    context: PolicyContext<Of, Schema extends StandardSchemaV1 ? StandardSchemaV1.InferOutput<Schema> : never>,
  ) => Now<boolean | Denial>;
  readonly cost?: number;
  readonly limits?: readonly LimitPolicy[];
}

/** What the author of a room declares. */
export interface RoomDefinition<
  Type extends string,
  State extends object,
  Key extends readonly string[],
  Events extends Schemas,
  Messages extends Schemas,
  Channels extends string,
  Meta extends object,
  Of extends Shape = ShapeOf<State, Key, Events, {}>,
> {
  readonly name: Type;
  /** Names of the key's parts. */
  readonly key: Key;
  readonly state: StandardSchemaV1<unknown, State>;
  readonly initial: (key: KeyOf<Key[number]>) => NoInfer<State>;
  /** Who is let in: asked of everybody who subscribes or sends. Nobody else is. */
  readonly admit: (visitor: RoomVisitor<Key[number]>) => Now<boolean>;
  /** What handlers are told of whoever sends, of the verified principal. Default: identifiers alone. */
  readonly extractMeta?: (visitor: RoomVisitor<Key[number]> & ConnectionMeta) => Meta;
  readonly messages: { readonly [Name in keyof Messages]: RoomMessageDefinition<Messages[Name], NoInfer<Of>> };
  readonly events?: { readonly [Name in keyof Events]: ActorEvent<Events[Name], Key[number]> };
  /** Channels besides `default`. Their rules are asked besides `admit`. */
  readonly channels?: { readonly [Name in Channels]: ActorChannel<Key[number]> };
  readonly onConnect?: (context: RoomContext<NoInfer<Of>, NoInfer<Meta>>) => Now<void>;
  readonly onDisconnect?: (context: RoomContext<NoInfer<Of>, NoInfer<Meta>>) => Now<void>;
  /** Messages that no handler was added for. */
  readonly onMessage?: (context: RoomContext<NoInfer<Of>, NoInfer<Meta>>) => unknown;
  /**
   * Told of everything that a handler throws. The turn is taken back all the same, and with it what is changed here; the
   * client gets a code, or the denial that is answered.
   */
  readonly onError?: (error: unknown, context: RoomContext<NoInfer<Of>, NoInfer<Meta>>) => Now<void | Denial>;
  readonly anonymous?: boolean;
  readonly info?: (visitor: RoomVisitor<Key[number]>) => unknown;
  readonly limits?: readonly LimitPolicy[];
  readonly retention?: Retention;
  readonly maxConnections?: number;
  readonly maxStateBytes?: number;
}

/** An actor type whose messages are handled by functions that are added to it. */
export interface Room<Of extends Shape, Messages extends Schemas, Meta extends object> {
  /** Adds a handler of messages of one type, or with `"*"` of all: those run first and may stop a message. */
  on<Name extends keyof Messages & string>(
    type: Name,
    handler: (context: RoomContext<Of, Meta>, data: StandardSchemaV1.InferOutput<Messages[Name]>) => unknown,
  ): void;
  on(type: "*", handler: (context: RoomContext<Of, Meta>, data: unknown) => unknown): void;
  /** Takes a handler off, or all of a type. */
  off(type: (keyof Messages & string) | "*", handler?: AnyRoomHandler): void;
}

/**
 * Declares a room: an actor in the words of Verani and its like. Everything else about it is an actor's: one durable turn a
 * message, guards before it, nothing told before the commit.
 * @throws {TypeError} when names break the grammar of the wire, or the declaration contradicts itself
 */
export function defineRoom<
  const Type extends string,
  State extends object,
  const Key extends readonly string[],
  const Events extends Schemas = {},
  Messages extends Schemas = {},
  Channels extends string = never,
  Meta extends object = ConnectionMeta,
>(
  definition: RoomDefinition<Type, State, Key, Events, Messages, Channels, Meta>,
): Actor<DefinedContract<Type, Key, Events, Messages, {}, {}, Channels | "default", never>> &
  Room<ShapeOf<State, Key, Events, {}>, Messages, Meta> {
  // Behind its name a room is only ever given contexts of its own.
  return build(definition) as ReturnType<typeof defineRoom<Type, State, Key, Events, Messages, Channels, Meta>>;
}

// oxlint-disable-next-line typescript/no-explicit-any -- contexts are contravariant: no other type accepts every room
type AnyRoomDefinition = RoomDefinition<string, object, readonly string[], Schemas, Schemas, string, any, any>;

function build(definition: AnyRoomDefinition): DeclaredActor & Pick<RoomHandlers, "on" | "off"> {
  const { name, onMessage, onConnect, onDisconnect } = definition;
  const handlers = new RoomHandlers();
  const commands = Object.entries(definition.messages).map(([type, message]) => {
    const command: DeclaredCommand = {
      ...message,
      policy: async (asked: PolicyContext<Shape, unknown>) => {
        if ((await definition.admit(asked)) !== true) return false;
        if (message.policy === undefined) return true;
        // The schema of the message has made the input.
        return message.policy(asked as never);
      },
      handler: ({ input, ...turn }: TurnContext<Shape> & { readonly input: unknown }) =>
        guarded(definition, contextOf(definition, turn, { type, data: input }), (context) =>
          handlers.run(type, { context, data: input }, onMessage),
        ),
    };
    return [type, command] as const;
  });
  const attends = (type: string, hook: NonNullable<AnyRoomDefinition["onConnect"]>) => ({
    [type === "connect" ? "joined" : "left"]: ({ channel, ...turn }: TurnContext<Shape> & Attendance) =>
      guarded(definition, contextOf(definition, turn, { type, data: { channel }, channel }), hook),
  });
  const actor = declare(name, {
    ...optional(definition),
    commands: Object.fromEntries(commands),
    channels: channelsOf(definition),
    ...(onConnect !== undefined && attends("connect", onConnect)),
    ...(onDisconnect !== undefined && attends("disconnect", onDisconnect)),
  });
  return Object.freeze({
    ...actor,
    on: (type: string, handler: AnyRoomHandler) => handlers.on(type, handler),
    off: (type: string, handler?: AnyRoomHandler) => handlers.off(type, handler),
  });
}

function optional(definition: AnyRoomDefinition): Omit<LooseDefinition, "commands"> {
  const { key, state, initial, events, anonymous, info, limits, retention, maxConnections, maxStateBytes } = definition;
  return {
    ...{ key, state, initial },
    ...(events !== undefined && { events }),
    ...(anonymous !== undefined && { anonymous }),
    ...(info !== undefined && { info }),
    ...(limits !== undefined && { limits }),
    ...(retention !== undefined && { retention }),
    ...(maxConnections !== undefined && { maxConnections }),
    ...(maxStateBytes !== undefined && { maxStateBytes }),
  };
}

/** Nobody hears any channel of a room whom it does not let in. */
function channelsOf({ channels = {}, admit }: AnyRoomDefinition): Record<string, ActorChannel> {
  const everybody: ActorChannel = { canSubscribe: () => true, joinLeave: true, presence: true };
  const all: [string, ActorChannel][] = Object.entries({ [DEFAULT_CHANNEL]: everybody, ...channels });
  const guardedChannels = all.map(([name, channel]) => {
    const canSubscribe: ActorChannel["canSubscribe"] = async (asked) =>
      (await admit(asked)) === true && (await channel.canSubscribe(asked)) === true;
    return [name, { ...channel, canSubscribe }] as const;
  });
  return Object.fromEntries(guardedChannels);
}

function contextOf(
  { extractMeta }: AnyRoomDefinition,
  turn: TurnContext<Shape>,
  frame: { readonly type: string; readonly data: unknown; readonly channel?: string },
): RoomContext<Shape, object> {
  const { principal, connection, key } = turn;
  const channels = [frame.channel ?? DEFAULT_CHANNEL];
  const identifiers: ConnectionMeta = { userId: recipientOf(principal), clientId: connection ?? "", channels };
  const made: unknown = extractMeta?.({ ...identifiers, principal, key });
  const meta = typeof made === "object" && made !== null ? made : identifiers;
  return roomContext(turn, { type: frame.type, data: frame.data }, meta);
}

/** Whatever is thrown, at once or later, is told before the turn is taken back. */
async function guarded(
  { onError }: AnyRoomDefinition,
  context: RoomContext<Shape, object>,
  work: (context: RoomContext<Shape, object>) => unknown,
): Promise<unknown> {
  try {
    return await work(context);
  } catch (error) {
    const answer = await onError?.(error, context);
    if (isDenial(answer)) return answer;
    throw error;
  }
}
