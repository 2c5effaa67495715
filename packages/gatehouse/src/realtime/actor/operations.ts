import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { AnyAction, Authorise } from "../../kernel/action.ts";
import { isChannelPart } from "../channel-name.ts";
import type { CommandInput } from "../subscription.ts";
import { KEPT_REPLIES, turnAction, type ActorActionParts } from "./command-actions.ts";
import type { TurnContext, Shape } from "./context.ts";
import type { DeclaredActor } from "./declared.ts";
import { commandSchema } from "./schema.ts";

/** What the server's own code can have an actor emit. */
export interface EmitInput {
  readonly event: string;
  readonly data: unknown;
  /** Default: the event's own. */
  readonly channel?: string;
  /** Only this principal hears it. */
  readonly user?: string;
}

/** What a timer that is due says. */
export interface TimerInput {
  readonly name: string;
  readonly dueAt: number;
  readonly payload: string;
}

const SYSTEM_ONLY: Authorise<CommandInput> = ({ principal }) => principal.type === "system";
/** Attempts with the principal of a connection are made by the server alone, which enters as a job. */
const SERVER_ONLY: Authorise<CommandInput> = ({ attempt }) => attempt.provenance.kind === "internal";

/** The actions by which a server operates its actors: none can be reached from outside. */
export function operationActions(parts: ActorActionParts, actor: DeclaredActor): AnyAction[] {
  const operation = <Input>(
    name: string,
    schema: StandardSchemaV1<unknown, Input>,
    work: (input: Input, context: TurnContext<Shape>) => unknown,
  ): AnyAction => {
    const { joined, left } = actor;
    const attends = (name === "joined" && joined !== undefined) || (name === "left" && left !== undefined);
    return turnAction(parts, actor, {
      name: `${actor.type}.${name}`,
      entrances: ["job"],
      input: commandSchema(actor.key.length, schema),
      authorise: attends ? SERVER_ONLY : SYSTEM_ONLY,
      anonymous: attends,
      // What others hear of twice is not done twice where an answer was lost.
      ...(name === "emit" || name === "close" ? { kept: KEPT_REPLIES } : {}),
      // The schema has made the input, and turns give every context of their own actor.
      work: (input, context) => work(input as Input, context as TurnContext<Shape>),
    });
  };
  return [
    operation("emit", EMIT, (input, { emit }) => {
      const { event, data, channel, user } = input;
      if (user !== undefined) emit.toUser(user, event, data);
      else if (channel !== undefined) emit.toChannel(channel, event, data);
      else emit(event, data);
      return {};
    }),
    operation("close", NOTHING, (_input, { close }) => {
      close();
      return {};
    }),
    operation("kick", KICK, ({ user }, { unsubscribe }) => {
      unsubscribe(user);
      return {};
    }),
    operation("timer", TIMER, (input, context) => runTimer(parts, actor, { input, context })),
    ...(["joined", "left"] as const)
      .filter((name) => actor[name] !== undefined)
      .map((name) =>
        operation(name, ATTENDANCE, async (input, context) => {
          await actor[name]?.(Object.assign(context, input));
          return {};
        }),
      ),
  ];
}

/** What is wrong with something an actor is to emit, in words; `undefined` where it can be emitted. */
export async function emitFault(
  actor: DeclaredActor,
  { event: name, data, channel }: EmitInput,
): Promise<string | undefined> {
  const { type, events, channels } = actor;
  const event = events.get(name);
  if (event === undefined) return `${type} has no event ${name}. It has: ${[...events.keys()].join(", ") || "none"}.`;
  if (channel !== undefined && !channels.has(channel)) return `${type} has no channel ${channel}.`;
  const { issues: [issue] = [] } = await event.schema["~standard"].validate(data);
  if (issue === undefined) return undefined;
  const path = (issue.path ?? []).map((part) => String(typeof part === "object" ? part.key : part));
  return `This is not what the event ${name} carries: ${[...path, issue.message].join(": ")}`;
}

/** A timer that has been cleared, or set to another time, in the meantime does nothing. */
async function runTimer(
  { records }: ActorActionParts,
  actor: DeclaredActor,
  { input, context }: { readonly input: TimerInput; readonly context: TurnContext<Shape> },
): Promise<{ readonly ran: boolean }> {
  const timer = actor.timers.get(input.name);
  const { transaction, address } = context;
  if (timer === undefined || !(await records.clearTimer(transaction, address, input.name, input.dueAt))) {
    return { ran: false };
  }
  // Only `TimerChanges` writes payloads.
  const { payload } = JSON.parse(input.payload) as { readonly payload: unknown };
  const answer = timer.payload["~standard"].validate(payload);
  const result = answer instanceof Promise ? await answer : answer;
  if (result.issues !== undefined)
    throw new TypeError(`The timer ${input.name} of ${actor.type} carries something else.`);
  await timer.handler(Object.assign(context, { payload: result.value }));
  return { ran: true };
}

const EMIT = members<EmitInput>(({ event, channel, user }) => {
  const named = channel === undefined || (typeof channel === "string" && isChannelPart(channel));
  return typeof event === "string" && named && (user === undefined || typeof user === "string");
});
const NOTHING = members<object>(() => true);
const KICK = members<{ readonly user: string }>(({ user }) => typeof user === "string");
const TIMER = members<TimerInput>(
  ({ name, dueAt, payload }) => typeof name === "string" && typeof dueAt === "number" && typeof payload === "string",
);
const ATTENDANCE = members<{ readonly channel: string; readonly connection: string }>(
  ({ channel, connection }) => typeof channel === "string" && isChannelPart(channel) && typeof connection === "string",
);

function members<Output extends object>(
  fits: (value: Readonly<Record<string, unknown>>) => boolean,
): StandardSchemaV1<unknown, Output> {
  return {
    "~standard": {
      version: 1,
      vendor: "gatehouse",
      validate(value) {
        // Any object can be read as a record, and `fits` has looked at the members.
        if (typeof value === "object" && value !== null && fits(value as Readonly<Record<string, unknown>>)) {
          return { value: value as Output };
        }
        return { issues: [{ message: "This is not what the operation takes." }] };
      },
    },
  };
}
