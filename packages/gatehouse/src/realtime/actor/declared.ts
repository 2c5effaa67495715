import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { LimitPolicy } from "../../kernel/action.ts";
import { DEFAULT_CHANNEL, isChannelPart } from "../channel-name.ts";
import type { ActorEvent, CanSubscribe } from "./emit.ts";
import type { ActorChannel, Retention } from "./definition.ts";

// Contexts are contravariant: behind its name a function is only ever given what its own definition makes.
// oxlint-disable-next-line typescript/no-explicit-any -- see above
type AnyFunction = (context: any) => unknown;

/** A command or signal of any types. */
export interface DeclaredCommand {
  readonly input: StandardSchemaV1;
  readonly output?: StandardSchemaV1;
  readonly policy: AnyFunction | "public";
  readonly cost?: number;
  readonly limits?: readonly LimitPolicy[];
  readonly handler: AnyFunction;
}

/** A timer of any types. */
export interface DeclaredTimer {
  readonly payload: StandardSchemaV1;
  readonly handler: AnyFunction;
}

/** A channel with every rule that has to admit a subscriber. */
export interface DeclaredChannel extends Required<Omit<ActorChannel, "canSubscribe">> {
  readonly rules: readonly CanSubscribe[];
}

/** An event with its defaults filled in. */
export interface DeclaredEvent extends Required<Omit<ActorEvent, "canSubscribe">> {
  readonly name: string;
}

/** An actor type with its defaults filled in. */
export interface DeclaredActor {
  readonly type: string;
  readonly key: readonly string[];
  readonly state: StandardSchemaV1<unknown, object>;
  readonly initial: (key: Readonly<Record<string, string>>) => object;
  readonly commands: ReadonlyMap<string, DeclaredCommand>;
  readonly signals: ReadonlyMap<string, DeclaredCommand>;
  readonly events: ReadonlyMap<string, DeclaredEvent>;
  readonly channels: ReadonlyMap<string, DeclaredChannel>;
  readonly timers: ReadonlyMap<string, DeclaredTimer>;
  // oxlint-disable-next-line typescript/no-explicit-any -- of what it is shown only the definition knows the type
  readonly view: ((state: any, viewer: any) => unknown) | undefined;
  readonly anonymous: boolean;
  readonly info: AnyFunction | undefined;
  readonly joined: AnyFunction | undefined;
  readonly left: AnyFunction | undefined;
  readonly limits: readonly LimitPolicy[] | undefined;
  readonly retention: Required<Retention>;
  readonly maxStateBytes: number;
  readonly maxConnections: number;
}

/** What a definition looks like whatever its types are. */
export interface LooseDefinition extends Partial<
  Pick<DeclaredActor, "view" | "anonymous" | "info" | "joined" | "left" | "maxStateBytes" | "maxConnections">
> {
  readonly key: readonly string[];
  readonly state: StandardSchemaV1<unknown, object>;
  // oxlint-disable-next-line typescript/no-explicit-any -- the names of the key are those of the definition
  readonly initial: (key: any) => object;
  readonly commands: Readonly<Record<string, DeclaredCommand>>;
  readonly signals?: Readonly<Record<string, DeclaredCommand>>;
  // oxlint-disable-next-line typescript/no-explicit-any -- see above
  readonly events?: Readonly<Record<string, ActorEvent<StandardSchemaV1, any>>>;
  // oxlint-disable-next-line typescript/no-explicit-any -- see above
  readonly channels?: Readonly<Record<string, ActorChannel<any>>>;
  readonly timers?: Readonly<Record<string, DeclaredTimer>>;
  readonly limits?: readonly LimitPolicy[];
  readonly retention?: Retention;
}

/** Names of actions that every actor type has besides its commands. */
const TAKEN: readonly string[] = [
  ...["subscribe", "history", "state", "presence"],
  ...["timer", "joined", "left", "emit", "close", "kick"],
];
const TYPE = /^[a-z][a-z0-9-]{0,63}$/;
const KEY_NAME = /^[A-Za-z][A-Za-z0-9]{0,63}$/;
const COMMAND = /^[A-Za-z][A-Za-z0-9_-]{0,31}(\.[A-Za-z][A-Za-z0-9_-]{0,31})*$/;
const LONGEST_COMMAND = 64;
const EVENT = /^[A-Za-z][A-Za-z0-9._-]{0,63}$/;
/** The type of the connections' own actions. */
const RESERVED_TYPE = "realtime";
const MOST_PUBLICATIONS = 300;
const RETENTION: Required<Retention> = { publications: 100, seconds: 300 };
const MAX_STATE_BYTES = 262_144;
const MAX_CONNECTIONS = 1_000;

/**
 * Fills in what a definition leaves out.
 * @throws {TypeError} when it contradicts itself
 */
export function declare(type: string, definition: LooseDefinition): DeclaredActor {
  const { key, state, initial, commands, signals = {}, timers = {}, limits, view, info, joined, left } = definition;
  refuse(!TYPE.test(type) || type === RESERVED_TYPE, `"${type}" cannot be the name of an actor type.`);
  for (const name of key) refuse(!KEY_NAME.test(name), `${type}: "${name}" cannot be the name of a part of the key.`);
  refuse(new Set(key).size < key.length, `${type}: two parts of the key have one name.`);
  const names = [...Object.keys(commands), ...Object.keys(signals)];
  for (const name of names) {
    const fits = COMMAND.test(name) && name.length <= LONGEST_COMMAND && !TAKEN.includes(name);
    refuse(!fits, `${type}: "${name}" cannot be the name of a command.`);
  }
  refuse(new Set(names).size < names.length, `${type}: a command and a signal have one name.`);
  for (const name of Object.keys(timers)) refuse(!COMMAND.test(name), `${type}: "${name}" cannot be a timer.`);
  const { maxConnections = MAX_CONNECTIONS } = definition;
  const isCount = Number.isSafeInteger(maxConnections) && maxConnections >= 1;
  refuse(!isCount, `${type}: maxConnections is a whole number from 1.`);
  const events = declareEvents(type, definition);
  return Object.freeze({
    ...{ type, key, state, initial, events, view, info, joined, left, limits },
    commands: new Map(Object.entries(commands)),
    signals: new Map(Object.entries(signals)),
    channels: declareChannels(type, definition, events),
    timers: new Map(Object.entries(timers)),
    anonymous: definition.anonymous ?? false,
    retention: declareRetention(type, definition.retention),
    maxStateBytes: definition.maxStateBytes ?? MAX_STATE_BYTES,
    maxConnections,
  });
}

function declareRetention(type: string, given: Retention = {}): Required<Retention> {
  const retention = { ...RETENTION, ...given };
  const { publications, seconds } = retention;
  const kept = Number.isSafeInteger(publications) && publications >= 1 && publications <= MOST_PUBLICATIONS;
  refuse(!kept, `${type}: retention.publications is a whole number from 1 to ${MOST_PUBLICATIONS}.`);
  refuse(!(seconds > 0), `${type}: retention.seconds is more than 0.`);
  return retention;
}

function declareEvents(type: string, { events = {} }: LooseDefinition): ReadonlyMap<string, DeclaredEvent> {
  const declared = Object.entries(events).map(([name, event]) => {
    refuse(!EVENT.test(name), `${type}: "${name}" cannot be the name of an event.`);
    const { schema, channel = DEFAULT_CHANNEL, volatile = false, coalesce = false, tellsSender = false } = event;
    refuse(coalesce && !volatile, `${type}: the event ${name} is durable, so that none of it can be left out.`);
    return [name, { name, schema, channel, volatile, coalesce, tellsSender }] as const;
  });
  return new Map(declared);
}

function declareChannels(
  type: string,
  { channels = {}, events: defined = {} }: LooseDefinition,
  events: DeclaredActor["events"],
): ReadonlyMap<string, DeclaredChannel> {
  const declared = new Map(
    Object.entries(channels).map(([name, { canSubscribe, joinLeave = false, presence = false, history = false }]) => {
      refuse(!isChannelPart(name) || !EVENT.test(name), `${type}: "${name}" cannot be the name of a channel.`);
      const more = Object.entries(defined).filter(([event]) => events.get(event)?.channel === name);
      const rules = [canSubscribe, ...more.map(([, { canSubscribe: own }]) => own)].filter(
        (rule) => rule !== undefined,
      );
      return [name, { rules, joinLeave, presence, history }] as const;
    }),
  );
  for (const { name, channel } of events.values()) {
    refuse(!declared.has(channel), `${type}: the event ${name} travels on ${channel}, which is no channel of it.`);
  }
  return declared;
}

function refuse(fault: boolean, message: string): void {
  if (fault) throw new TypeError(message);
}
