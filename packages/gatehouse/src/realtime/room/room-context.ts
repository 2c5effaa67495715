import type { KeyOf, Schemas, Shape, TurnContext } from "../actor/context.ts";
import type { Emit, EventData } from "../actor/emit.ts";

/** Who speaks: of the verified principal and the connection, never of what a client says about itself. */
export interface ConnectionMeta {
  /** Identifier of the principal. */
  readonly userId: string;
  /** Identifier of the connection; empty where the server itself speaks. */
  readonly clientId: string;
  /** The channels this is about. */
  readonly channels: readonly string[];
}

/** What came over the connection. */
export interface RoomFrame {
  readonly type: string;
  readonly data: unknown;
}

/** What functions of a room are told. */
export interface RoomContext<Of extends Shape, Meta extends object = ConnectionMeta> extends Omit<
  TurnContext<Of>,
  "emit"
> {
  readonly actor: RoomActor<Of>;
  /** The connection, by its identifier. */
  readonly ws: { readonly id: string };
  readonly meta: Meta;
  readonly emit: RoomEmit<Of["events"]>;
  readonly frame: RoomFrame;
}

/** Tells those who hear the room. `emit.emit(event, data)` reaches everybody on the event's channel. */
export interface RoomEmit<Events extends Schemas> extends Emit<Events> {
  emit<Name extends keyof Events & string>(event: Name, data: EventData<Events, Name>): void;
}

/** Something to tell. */
export type RoomMessage<Events extends Schemas> = {
  readonly [Name in keyof Events & string]: { readonly event: Name; readonly data: EventData<Events, Name> };
}[keyof Events & string];

/** Whom a broadcast is for. Default: everybody on the channel. */
export interface BroadcastOptions {
  readonly userIds?: readonly string[];
  readonly clientIds?: readonly string[];
  /** Leaves out the connection whose message this is. */
  readonly exceptSender?: boolean;
}

/** The room itself. */
export interface RoomActor<Of extends Shape> {
  readonly key: KeyOf<Of["key"]>;
  readonly emit: RoomEmit<Of["events"]>;
  broadcast(channel: string, message: RoomMessage<Of["events"]>, options?: BroadcastOptions): void;
  sendToUser(userId: string, message: RoomMessage<Of["events"]>): void;
  /** The state of the room, which is durable: change it in place. */
  getStorage(): Of["state"];
  /** Has a principal hear nothing of the room any more. */
  kick(userId: string): void;
  close(): void;
}

/** The context of a turn as functions of rooms know it. */
export function roomContext(turn: TurnContext<Shape>, frame: RoomFrame, meta: object): RoomContext<Shape, object> {
  const emit = Object.assign(turn.emit, { emit: turn.emit });
  const actor: RoomActor<Shape> = {
    key: turn.key,
    emit,
    broadcast: (channel, { event, data }, { userIds, clientIds, exceptSender = false } = {}) => {
      for (const user of userIds ?? []) emit.toUser(user, event, data);
      for (const client of clientIds ?? []) emit.toConnection(client, event, data);
      if (userIds !== undefined || clientIds !== undefined) return;
      if (exceptSender) emit.to({ channel }).emit(event, data);
      else emit.toChannel(channel, event, data);
    },
    sendToUser: (userId, { event, data }) => emit.toUser(userId, event, data),
    getStorage: () => turn.state,
    kick: turn.unsubscribe,
    close: turn.close,
  };
  return { ...turn, emit, actor, meta, frame, ws: { id: turn.connection ?? "" } };
}
