import { defineAction, type AnyAction } from "../../kernel/action.ts";
import type { Attachment } from "../../kernel/attachment.ts";
import type { Attempt } from "../../kernel/attempt.ts";
import type { Clock } from "../../kernel/clock.ts";
import { deny, isDenial, type Denial } from "../../kernel/outcome.ts";
import { channelName } from "../channel-name.ts";
import type { CommandInput } from "../subscription.ts";
import type { DeclaredActor, DeclaredCommand } from "./declared.ts";
import { Emission } from "./emission.ts";
import { actorEvents } from "./events.ts";
import { COMMAND_LIMITS, weighted } from "./limits.ts";
import type { Ticket } from "./mailbox.ts";
import { fillOutbox } from "./outbox.ts";
import { commandRule, type PolicyParts } from "./policy.ts";
import { actorProblems } from "./problems.ts";
import { commandSchema, requireFit } from "./schema.ts";
import { readState, writeState } from "./state-text.ts";
import { takeTurn, type TurnCall, type TurnParts } from "./turn.ts";
import { infoOf, keyNames } from "./viewer.ts";

/** What actions of actors are made with. */
export interface ActorActionParts extends TurnParts, PolicyParts {
  readonly clock: Clock;
  /** The places of attempts in the order of their actors. */
  readonly tickets: Attachment<Attempt, Ticket>;
}

/** Seconds a reply is kept for retries under the same id. */
export const KEPT_REPLIES = 86_400;

/** What an action that is one turn of an actor does besides it. */
export interface TurnAction {
  readonly name: string;
  readonly entrances: AnyAction["entrances"];
  readonly input: AnyAction["input"];
  readonly authorise: AnyAction["authorise"];
  readonly limits?: AnyAction["limits"];
  readonly anonymous: boolean;
  /** Seconds. */
  readonly kept?: number;
  readonly work: (input: CommandInput["input"], context: object) => unknown;
}

/** An action whose run is one turn. */
export function turnAction(parts: ActorActionParts, actor: DeclaredActor, action: TurnAction): AnyAction {
  const { work, kept, limits, ...rest } = action;
  return defineAction<CommandInput, unknown, "store", undefined>({
    ...rest,
    ...(limits !== undefined && { limits }),
    effects: "store",
    idempotency: kept === undefined ? false : { ttl: kept },
    audit: { target: ({ key }) => channelName({ type: actor.type, key }) },
    prepare: ({ attempt }) => waitForTurn(parts, attempt),
    run: async ({ attempt, principal, input, now, transaction }) => {
      const began = parts.clock.monotonic();
      if (transaction.dialect === "sqlite") parts.tickets.get(attempt)?.pass();
      const context = { attempt, principal, now, transaction };
      const call: TurnCall = { actor, context, key: input.key, work: (turn) => work(input.input, turn) };
      try {
        return await takeTurn(parts, call);
      } finally {
        parts.turned?.(actor.type, parts.clock.monotonic() - began);
      }
    },
  });
}

/**
 * Guards run beside each other, turns one after the other. On the embedded store, which runs one transaction at a time
 * and in order, the next one may queue as soon as this one runs; elsewhere once this one has come to its end.
 */
async function waitForTurn({ tickets, clock }: ActorActionParts, attempt: Attempt): Promise<undefined | Denial> {
  const ticket = tickets.get(attempt);
  if (ticket === undefined) return undefined;
  await ticket.turn;
  if (attempt.deadline === undefined || clock.now() <= attempt.deadline) return undefined;
  return deny(actorProblems.ACTOR_BUSY, { retryAfter: 1, event: actorEvents.excess_actor_mailbox });
}

/** The actions of an actor type's commands. */
export function commandActions(parts: ActorActionParts, actor: DeclaredActor): AnyAction[] {
  return [...actor.commands].map(([name, command]) =>
    turnAction(parts, actor, {
      ...shared(parts, actor, { name, command }),
      kept: KEPT_REPLIES,
      work: (input, context) => answer(parts, command, command.handler(Object.assign(context, { input }))),
    }),
  );
}

interface Named {
  readonly name: string;
  readonly command: DeclaredCommand;
}

function shared(parts: ActorActionParts, actor: DeclaredActor, { name, command }: Named) {
  const { input, limits = actor.limits ?? COMMAND_LIMITS, cost } = command;
  return {
    name: `${actor.type}.${name}`,
    entrances: ["realtime", "job"],
    input: commandSchema(actor.key.length, input),
    authorise: commandRule(parts, actor, command),
    anonymous: actor.anonymous,
    limits: weighted(limits, cost),
  } as const;
}

/** The reply, held against its schema during development. */
function answer({ checked }: ActorActionParts, { output }: DeclaredCommand, value: unknown): unknown {
  if (!checked || output === undefined) return value;
  if (value instanceof Promise) return value.then((later: unknown) => fit(output, later));
  return fit(output, value);
}

function fit(output: NonNullable<DeclaredCommand["output"]>, value: unknown): unknown {
  return isDenial(value) ? value : requireFit(output, value, "The reply of a command");
}

/** The actions of an actor type's signals: they see the state, keep nothing and run on any node. */
export function signalActions(parts: ActorActionParts, actor: DeclaredActor): AnyAction[] {
  return [...actor.signals].map(([name, command]) =>
    defineAction<CommandInput, unknown, "none">({
      ...shared(parts, actor, { name, command }),
      effects: "none",
      run: async ({ attempt, principal, input, now, transaction }) => {
        const { type } = actor;
        const address = { tenant: attempt.tenant, type, key: input.key };
        const record = await parts.records.find(transaction, address);
        const { connection } = attempt.peer;
        const emission = new Emission({ actor, principal, connection, checked: parts.checked, durable: false });
        const state = stateOf(parts, { actor, address, text: record?.state ?? "" });
        const key = keyNames(actor, input.key);
        const told = { state, key, address, principal, connection, attempt, now, emit: emission.emit };
        const value = await command.handler({ ...told, input: input.input });
        if (isDenial(value)) return value;
        const { emitted } = emission;
        const info = emitted.some(({ event }) => event.tellsSender) ? infoOf(actor, principal, input.key) : undefined;
        const sender = { principal, connection, info };
        // Nothing volatile has a place in a stream.
        const nowhere = { streamEpoch: "", offsets: new Map<string, number>() };
        for (const one of fillOutbox(emitted, { address, sender, now, ...nowhere }).pushed) parts.publish(one);
        return {};
      },
    }),
  );
}

/** A state as the record has it, or the one before the first turn where it has none. */
export function stateOf(
  parts: Pick<ActorActionParts, "sealer">,
  { actor, address, text }: { readonly actor: DeclaredActor; readonly address: TurnAddress; readonly text: string },
): object {
  const place = { sealer: parts.sealer, address };
  const written = text === "" ? writeState(actor.initial(keyNames(actor, address.key)), place) : text;
  return requireFit(actor.state, readState(written, place), `The state of ${actor.type}`);
}

type TurnAddress = Parameters<typeof writeState>[1]["address"];
