import type { StandardSchemaV1 } from "@standard-schema/spec";
import { defineAction, Unchanged, type AnyAction } from "../../kernel/action.ts";
import type { Principal } from "../../kernel/attempt.ts";
import { deny } from "../../kernel/outcome.ts";
import type { ActorAddress, ActorRecord } from "../../kernel/ports/actors.ts";
import type { StreamPosition } from "../../kernel/ports/publications.ts";
import type { ReadTransaction } from "../../kernel/ports/store.ts";
import { channelName } from "../channel-name.ts";
import { realtimeProblems } from "../problems.ts";
import type { ChannelInput, HistoryInput, HistoryResult, SubscribeInput, SubscribeResult } from "../subscription.ts";
import { stateOf, type ActorActionParts } from "./command-actions.ts";
import type { DeclaredActor } from "./declared.ts";
import { READ_LIMITS } from "./limits.ts";
import { channelRule } from "./policy.ts";
import { positionOf, readHistory, recover, type StreamParts } from "./replay.ts";
import { channelSchema, historySchema, subscribeSchema } from "./schema.ts";
import { infoOf, keyNames } from "./viewer.ts";

/** What an attempt at `<type>.state` results in: what of the state is shown, and where the channel was then. */
export interface StateResult extends StreamPosition {
  readonly state: unknown;
}

const REALTIME = ["realtime"] as const;
const NOWHERE: StreamPosition = { offset: 0, epoch: "" };

/** The actions by which clients hear and read actors. */
export function streamActions(parts: ActorActionParts, actor: DeclaredActor): AnyAction[] {
  const actions = [subscribeAction(parts, actor), historyAction(parts, actor), presenceAction(parts, actor)];
  return actor.view === undefined ? actions : [...actions, stateAction(parts, actor)];
}

interface Reader<Input> {
  readonly input: Input;
  readonly principal: Principal;
  readonly address: ActorAddress;
  readonly reading: ReadTransaction;
}

/**
 * Reads, and changes nothing where the actor has been opened before. Else it opens it, so that whoever hears an actor has
 * a position that can be recovered from before anything was published.
 */
function subscribeAction(parts: ActorActionParts, actor: DeclaredActor): AnyAction {
  const addressOf = (tenant: string, key: readonly string[]) => ({ tenant, type: actor.type, key });
  return defineAction<SubscribeInput, SubscribeResult, "store", undefined>({
    name: `${actor.type}.subscribe`,
    entrances: REALTIME,
    input: subscribeSchema(actor.key.length),
    effects: "store",
    idempotency: false,
    authorise: channelRule(parts, actor),
    anonymous: actor.anonymous,
    limits: READ_LIMITS,
    audit: { target: ({ key, channel }) => channelName({ type: actor.type, key }, channel) },
    prepare: async ({ attempt, principal, input, read }) => {
      const address = addressOf(attempt.tenant, input.key);
      const answer = await read(async (reading) => {
        const record = await parts.records.find(reading, address);
        const reader = { input, principal, address, reading };
        return record === undefined ? undefined : subscribed(parts, actor, { ...reader, record });
      });
      return answer === undefined ? undefined : new Unchanged(answer);
    },
    run: async ({ attempt, principal, input, transaction }) => {
      const address = addressOf(attempt.tenant, input.key);
      const record = await parts.records.open(transaction, address);
      return subscribed(parts, actor, { input, principal, address, reading: transaction, record });
    },
  });
}

async function subscribed(
  parts: ActorActionParts,
  actor: DeclaredActor,
  reader: Reader<SubscribeInput> & { readonly record: ActorRecord },
): Promise<SubscribeResult> {
  const { input, principal } = reader;
  const { joinLeave = false, presence = false } = actor.channels.get(input.channel) ?? {};
  const info = infoOf(actor, principal, input.key);
  const more = { joinLeave, presence, ...(info !== undefined && { info }) };
  if (!hasStreams(actor)) return { ...NOWHERE, recoverable: false, recovered: false, publications: [], ...more };
  const stream = streamOf(parts, reader);
  const replay = await recover(stream, input.since);
  return { ...positionOf(stream), recoverable: true, ...replay, ...more };
}

function historyAction(parts: ActorActionParts, actor: DeclaredActor): AnyAction {
  return readAction<HistoryInput, HistoryResult>(actor, {
    name: "history",
    input: historySchema(actor.key.length),
    authorise: channelRule(parts, actor, ({ history }) => history),
    run: async (reader) => {
      const record = await parts.records.find(reader.reading, reader.address);
      if (record === undefined) return { ...NOWHERE, publications: [] };
      const stream = streamOf(parts, { ...reader, record });
      const publications = await readHistory(stream, reader.input);
      if (publications === undefined) return deny(realtimeProblems.POSITION_UNRECOVERABLE);
      return { ...positionOf(stream), publications };
    },
  });
}

function stateAction(parts: ActorActionParts, actor: DeclaredActor): AnyAction {
  return readAction<ChannelInput, StateResult>(actor, {
    name: "state",
    // Pages that are rendered on the server show it, too.
    entrances: [...REALTIME, "job"],
    input: channelSchema(actor.key.length),
    authorise: channelRule(parts, actor),
    run: async ({ reading, address, principal, input }) => {
      const record = await parts.records.find(reading, address);
      const state = stateOf(parts, { actor, address, text: record?.state ?? "" });
      const shown: unknown = actor.view?.(state, { principal, key: keyNames(actor, input.key) });
      const at = record === undefined ? NOWHERE : positionOf({ record, address, channel: input.channel });
      return { state: shown, ...at };
    },
  });
}

/** Says whether somebody may ask who is on a channel; who that is, the connection knows. */
function presenceAction(parts: ActorActionParts, actor: DeclaredActor): AnyAction {
  return readAction<ChannelInput, object>(actor, {
    name: "presence",
    input: channelSchema(actor.key.length),
    authorise: channelRule(parts, actor, ({ presence }) => presence),
    run: () => Promise.resolve({}),
  });
}

interface ReadAction<Input, Result> {
  readonly name: string;
  /** Default: connections alone. */
  readonly entrances?: AnyAction["entrances"];
  readonly input: StandardSchemaV1<unknown, Input>;
  readonly authorise: AnyAction["authorise"];
  readonly run: (reader: Reader<Input>) => Promise<Result | ReturnType<typeof deny>>;
}

function readAction<Input extends ChannelInput, Result>(
  actor: DeclaredActor,
  { name, entrances = REALTIME, input: schema, authorise, run }: ReadAction<Input, Result>,
): AnyAction {
  return defineAction<Input, Result, "none">({
    name: `${actor.type}.${name}`,
    entrances,
    input: schema,
    effects: "none",
    authorise,
    anonymous: actor.anonymous,
    limits: READ_LIMITS,
    run: ({ attempt, principal, input, transaction }) => {
      const address = { tenant: attempt.tenant, type: actor.type, key: input.key };
      return run({ input, principal, address, reading: transaction });
    },
  });
}

function streamOf(
  { publications }: ActorActionParts,
  { input, reading, address, principal, record }: Reader<ChannelInput> & { readonly record: ActorRecord },
): StreamParts {
  return { publications, reading, address, channel: input.channel, record, principal };
}

/** Whether anything of an actor type is kept. */
function hasStreams(actor: DeclaredActor): boolean {
  return [...actor.events.values()].some(({ volatile }) => !volatile);
}
