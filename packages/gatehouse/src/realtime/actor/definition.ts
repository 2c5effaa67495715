import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { LimitPolicy } from "../../kernel/action.ts";
import type { Principal } from "../../kernel/attempt.ts";
import type { Denial } from "../../kernel/outcome.ts";
import type { KeyOf, PolicyContext, Schemas, Shape, SignalContext, TurnContext } from "./context.ts";
import type { ActorEvent, CanSubscribe } from "./emit.ts";

type Now<Value> = Value | Promise<Value>;
type Output<Schema> = Schema extends StandardSchemaV1 ? StandardSchemaV1.InferOutput<Schema> : never;
type Policy<Of extends Shape, Input> = (context: PolicyContext<Of, Input>) => Now<boolean | Denial>;

/** What commands and signals have in common. */
interface Attemptable<Of extends Shape, Schema> {
  readonly input: Schema;
  /** Who may; `"public"`: everybody whom the actor type lets in at all. */
  readonly policy: Policy<Of, Output<Schema>> | "public";
  /** How much it counts towards the limits. Default 1. */
  readonly cost?: number;
  /** In the place of the actor type's. */
  readonly limits?: readonly LimitPolicy[];
}

/** What a command declares besides its input. */
interface CommandReply<Of extends Shape, Input, Reply> {
  /** Checks replies in development and tests. */
  readonly output?: StandardSchemaV1;
  /** One turn. What it answers is the reply; a denial takes everything back. */
  readonly handler: (context: TurnContext<Of> & { readonly input: Input }) => Now<Reply>;
}

/** What a signal declares besides its input. */
interface SignalHandler<Of extends Shape, Input> {
  readonly handler: (context: SignalContext<Of> & { readonly input: Input }) => Now<void | Denial>;
}

/** What a timer carries and does. */
interface TimerHandler<Of extends Shape, Schema> {
  readonly payload: Schema;
  readonly handler: (context: TurnContext<Of> & { readonly payload: Output<Schema> }) => Now<void>;
}

/** A channel of an actor. The one that needs no name is called `default`. */
export interface ActorChannel<Names extends string = string> {
  /** Who may hear it. Nobody hears a channel that is not declared. */
  readonly canSubscribe: CanSubscribe<Names>;
  /** Tells subscribers who comes and goes. Default `false`. */
  readonly joinLeave?: boolean;
  /** Whether subscribers are members of the channel, and may ask who the others are. Default `false`. */
  readonly presence?: boolean;
  /** Whether subscribers may ask for what was published. Recovery does not depend on it. Default `false`. */
  readonly history?: boolean;
}

/** How long publications are kept, for those who come back and for history. */
export interface Retention {
  /** The newest of each channel. Default 100, at most 300. */
  readonly publications?: number;
  /** Default 300. */
  readonly seconds?: number;
}

/** Somebody who came or went. */
export interface Attendance {
  readonly channel: string;
  readonly connection: string;
}

/** What the author of an actor type declares. Whatever no rule admits is denied. */
export interface ActorDefinition<
  State extends object,
  Key extends readonly string[],
  Events extends Schemas,
  Inputs extends Schemas,
  Replies extends Readonly<Record<string, unknown>>,
  Signals extends Schemas,
  Payloads extends Schemas,
  Channels extends string,
  View,
  Of extends Shape = ShapeOf<State, Key, Events, Payloads>,
> {
  /** Names of the key's parts: `["event"]`. Their number never changes. */
  readonly key: Key;
  /** The state: JSON, and secrets. Checked when it is read and before it is kept. */
  readonly state: StandardSchemaV1<unknown, State>;
  /** The state before the first turn. */
  readonly initial: (key: KeyOf<Key[number]>) => NoInfer<State>;
  /** What changes the state: durable, in order, once per id. */
  readonly commands: { readonly [Name in keyof Inputs]: Attemptable<NoInfer<Of>, Inputs[Name]> } & {
    readonly [Name in keyof Replies]: CommandReply<
      NoInfer<Of>,
      Name extends keyof Inputs ? Output<Inputs[Name]> : never,
      Replies[Name]
    >;
  };
  /** What changes nothing and tells others something volatile: cursors, typing. */
  readonly signals?: {
    readonly [Name in keyof Signals]: Attemptable<NoInfer<Of>, Signals[Name]> &
      SignalHandler<NoInfer<Of>, Output<Signals[Name]>>;
  };
  readonly events?: { readonly [Name in keyof Events]: ActorEvent<Events[Name], Key[number]> };
  readonly channels?: { readonly [Name in Channels]: ActorChannel<Key[number]> };
  readonly timers?: { readonly [Name in keyof Payloads]: TimerHandler<NoInfer<Of>, Payloads[Name]> };
  /** What of the state is shown to whom, when a client asks for it. Those may who may hear the default channel. */
  readonly view?: (state: State, viewer: { readonly principal: Principal; readonly key: KeyOf<Key[number]> }) => View;
  /** Lets strangers in where the rules admit them. Default `false`. */
  readonly anonymous?: boolean;
  /** What members of its channels may know of a principal: at most 1 KiB of JSON. Default: nothing but its identifier. */
  readonly info?: (viewer: { readonly principal: Principal; readonly key: KeyOf<Key[number]> }) => unknown;
  /** A turn for each subscription that begins. It cannot refuse it; the channel's rule does. */
  readonly joined?: (context: TurnContext<NoInfer<Of>> & Attendance) => Now<void>;
  /** A turn for each subscription that has ended; none where its server died. */
  readonly left?: (context: TurnContext<NoInfer<Of>> & Attendance) => Now<void>;
  /** Limits of its commands and signals. Default: 20 a second per connection and 60 per user, with bursts. */
  readonly limits?: readonly LimitPolicy[];
  readonly retention?: Retention;
  /** Connections that may hear an actor of this type at once, on all servers together. Default 1,000. */
  readonly maxConnections?: number;
  /** Most bytes of its state. Default 262,144. */
  readonly maxStateBytes?: number;
}

/** What the functions of an actor type work with, of its definition. */
export type ShapeOf<
  State extends object,
  Key extends readonly string[],
  Events extends Schemas,
  Payloads extends Schemas,
> = {
  readonly state: State;
  readonly key: Key[number];
  readonly events: Events;
  readonly payloads: Payloads;
};
