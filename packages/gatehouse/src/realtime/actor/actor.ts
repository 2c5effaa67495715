import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { Denial } from "../../kernel/outcome.ts";
import type { Schemas } from "./context.ts";
import type { ActorContract } from "./contract.ts";
import { declare, type DeclaredActor } from "./declared.ts";
import type { ActorDefinition } from "./definition.ts";

/** An actor type. Its types are known to its author; a runtime holds it as `AnyActor`. */
export interface Actor<Contract extends ActorContract = ActorContract> extends DeclaredActor {
  /** Only for `ContractOf`; nothing is there. */
  readonly contract?: Contract;
}

/** An actor type of any contract. */
export type AnyActor = DeclaredActor;

type InputOf<Schema> = Schema extends StandardSchemaV1 ? StandardSchemaV1.InferInput<Schema> : never;

/** The contract that follows from a definition. */
export interface DefinedContract<
  Type extends string,
  Key extends readonly string[],
  Events extends Schemas,
  Inputs extends Schemas,
  Replies,
  Signals extends Schemas,
  Channels extends string,
  View,
> extends ActorContract {
  readonly type: Type;
  readonly key: Key;
  readonly commands: {
    readonly [Name in keyof Inputs]: {
      readonly input: InputOf<Inputs[Name]>;
      readonly output: Name extends keyof Replies ? Exclude<Awaited<Replies[Name]>, Denial> : never;
    };
  } & { readonly [Name in keyof Signals]: { readonly input: InputOf<Signals[Name]>; readonly output: void } };
  readonly events: { readonly [Name in keyof Events]: InputOf<Events[Name]> };
  readonly channels: Channels;
  readonly state: View;
}

/**
 * Declares an actor type: state by key, commands that change it one at a time and durably, events for those who may
 * hear them.
 * @throws {TypeError} when names break the grammar of the wire, or the declaration contradicts itself
 */
export function actor<
  const Type extends string,
  State extends object,
  const Key extends readonly string[],
  Inputs extends Schemas,
  Replies extends Readonly<Record<string, unknown>>,
  Events extends Schemas = {},
  Signals extends Schemas = {},
  Payloads extends Schemas = {},
  Channels extends string = never,
  View = never,
>(
  type: Type,
  definition: ActorDefinition<State, Key, Events, Inputs, Replies, Signals, Payloads, Channels, View>,
): Actor<DefinedContract<Type, Key, Events, Inputs, Replies, Signals, Channels, View>> {
  return declare(type, definition);
}
