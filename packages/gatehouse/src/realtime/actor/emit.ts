import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { ActorAddress } from "../../kernel/ports/actors.ts";
import type { Principal } from "../../kernel/attempt.ts";

/** An event of an actor. Durable ones get an offset, are kept for a while and can be recovered. */
export interface ActorEvent<Schema extends StandardSchemaV1 = StandardSchemaV1, Names extends string = string> {
  readonly schema: Schema;
  /** The channel it travels on unless told otherwise. Default: `default`. */
  readonly channel?: string;
  /** Neither kept nor recovered, and dropped first where somebody reads slowly: cursors, typing. Default `false`. */
  readonly volatile?: boolean;
  /** Of a volatile event only the latest of one sender has to reach a slow reader. Default `false`. */
  readonly coalesce?: boolean;
  /** Asked, besides the channel's own rule, of everybody who subscribes to the event's channel. */
  readonly canSubscribe?: CanSubscribe<Names>;
  /** Tells subscribers which principal and connection caused it. Default `false`. */
  readonly tellsSender?: boolean;
}

/** What an event carries, of the schemas of events by name. */
export type EventData<
  Events extends Readonly<Record<string, StandardSchemaV1>>,
  Name extends keyof Events,
> = StandardSchemaV1.InferInput<Events[Name]>;

/** Who asks to hear a channel. */
export interface SubscribeContext<Names extends string = string> {
  readonly principal: Principal;
  readonly address: ActorAddress;
  /** The parts of the key by name. */
  readonly key: { readonly [Name in Names]: string };
  /** What the client said with its command, unvalidated. */
  readonly data?: unknown;
  readonly token?: string;
  /** The actor's state as it is committed; `undefined` before its first turn. */
  readonly state: () => Promise<unknown>;
}

/** Whether a principal may hear a channel. Asked at every subscription, also when a connection comes back. */
export type CanSubscribe<Names extends string = string> = (
  context: SubscribeContext<Names>,
) => boolean | Promise<boolean>;

/**
 * Tells those who hear the actor, once the turn is durable and never before. An event goes to those who are subscribed to
 * its channel, of them only whom it is for.
 */
export interface Emit<Events extends Readonly<Record<string, StandardSchemaV1>>> {
  /** To everybody on the event's channel. */
  <Name extends keyof Events & string>(event: Name, data: EventData<Events, Name>): void;
  /** To everybody on another channel of the actor. */
  toChannel<Name extends keyof Events & string>(channel: string, event: Name, data: EventData<Events, Name>): void;
  /** To everybody on the event's channel but the connection whose command this is; it gets durable ones when it recovers. */
  toOthers<Name extends keyof Events & string>(event: Name, data: EventData<Events, Name>): void;
  /** To all connections of a principal on the event's channel. */
  toUser<Name extends keyof Events & string>(user: string, event: Name, data: EventData<Events, Name>): void;
  /** To one connection on the event's channel; never kept, because a connection does not come back. */
  toConnection<Name extends keyof Events & string>(
    connection: string,
    event: Name,
    data: EventData<Events, Name>,
  ): void;
  /**
   * To a channel or a principal, without the connection whose command this is. A text names a channel of the actor.
   * @throws {AmbiguousTargetError} for a text that is no channel, or also whom the turn knows as a principal.
   */
  to(target: EmitTarget): {
    emit<Name extends keyof Events & string>(event: Name, data: EventData<Events, Name>): void;
  };
}

/** Whom `emit.to` means. */
export type EmitTarget = string | { readonly channel: string } | { readonly user: string };

/** A text could be a channel as well as a principal, or is neither. */
export class AmbiguousTargetError extends TypeError {
  override readonly name = "AmbiguousTargetError";
}
