import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { Attempt, Principal } from "../../kernel/attempt.ts";
import type { Ids } from "../../kernel/ids.ts";
import type { ActorAddress } from "../../kernel/ports/actors.ts";
import type { Store, WriteTransaction } from "../../kernel/ports/store.ts";
import type { Random } from "../../kernel/random.ts";
import type { Emit } from "./emit.ts";

/** Schemas by name. */
export type Schemas = Readonly<Record<string, StandardSchemaV1>>;

/** What the functions of one actor type work with. */
export interface Shape {
  readonly state: object;
  /** Names of the key's parts. */
  readonly key: string;
  /** What events carry, by name. */
  readonly events: Schemas;
  /** What timers carry, by name. */
  readonly payloads: Schemas;
}

/** The parts of a key by name. */
export type KeyOf<Names extends string> = { readonly [Name in Names]: string };

/** When a timer runs: a moment in epoch milliseconds, or milliseconds from now. */
export type TimerMoment = { readonly at: number } | { readonly in: number };

/** The timers of an actor: one a name, durable, each runs once. */
export interface TimerControl<Payloads extends Schemas> {
  /** Sets a timer, in the place of one of the same name. */
  set<Name extends keyof Payloads & string>(
    name: Name,
    when: TimerMoment,
    payload: StandardSchemaV1.InferInput<Payloads[Name]>,
  ): void;
  clear(name: keyof Payloads & string): void;
}

/** What every function of an actor is told. */
interface CallContext<Of extends Shape> {
  readonly key: KeyOf<Of["key"]>;
  readonly address: ActorAddress;
  readonly principal: Principal;
  /** The connection the command came over; absent for timers and commands of the server's own. */
  readonly connection: string | undefined;
  readonly attempt: Attempt;
  /** Epoch milliseconds at which the attempt was received. */
  readonly now: number;
  readonly emit: Emit<Of["events"]>;
}

/**
 * What one turn works with. Everything in it becomes durable together with the state, or nothing does; it may run more
 * than once until it does, so it changes nothing else. It may await nothing but the transaction.
 */
export interface TurnContext<Of extends Shape> extends CallContext<Of> {
  /** A copy that is this turn's own: change it. It is kept when the turn succeeds. */
  readonly state: Of["state"];
  readonly timers: TimerControl<Of["payloads"]>;
  readonly ids: Ids;
  readonly random: Random;
  /** For tables of the application. */
  readonly transaction: WriteTransaction;
  /** Ends the actor with this turn: state, streams and timers are deleted, and nobody hears it any more. */
  readonly close: () => void;
  /** Has a principal hear nothing of the actor any more. Rules have to keep it from subscribing again. */
  readonly unsubscribe: (user: string) => void;
}

/** What a signal works with: it sees the state and changes nothing, and what it emits is volatile. */
export interface SignalContext<Of extends Shape> extends CallContext<Of> {
  readonly state: Of["state"];
}

/** Who wants to do something. */
export interface PolicyContext<Of extends Shape, Input> {
  readonly principal: Principal;
  readonly key: KeyOf<Of["key"]>;
  readonly address: ActorAddress;
  readonly input: Input;
  readonly attempt: Attempt;
  readonly read: Store["read"];
  /** The state as it is committed, of which others' turns may change more before this one's; `undefined` before the first turn. */
  readonly state: () => Promise<Of["state"] | undefined>;
}
