import type { StandardSchemaV1 } from "@standard-schema/spec";
import { ENTRANCES, type Attempt, type Entrance, type Principal } from "./attempt.ts";
import type { EventContext, EventDefinition } from "./event.ts";
import type { Denial } from "./outcome.ts";
import type { LimitRule } from "./ports/counters.ts";
import type { Isolation, ReadTransaction, Store, WriteTransaction } from "./ports/store.ts";
import type { TokenDemand } from "./token-demand.ts";

/**
 * What an action changes. `none` reads a snapshot; `store` runs in one transaction together with its
 * idempotency record and audit row; `external` reaches other systems between two transactions.
 */
export type Effects = "none" | "store" | "external";

/** All kinds of effects. */
export const EFFECTS: readonly Effects[] = ["none", "store", "external"];

/**
 * What a limit counts by. Several together make one subject: `["user", "action"]`. `invitation` is the join token an
 * attempt comes with or its principal came in by, and the address of everybody else. `claimed-client` is who a caller says
 * it is and goes with `ip` only: anybody could use up the limit of another otherwise.
 */
export type LimitSubject =
  | "principal"
  | "user"
  | "session"
  | "ip"
  | "client"
  | "claimed-client"
  | "token"
  | "tenant"
  | "connection"
  | "invitation"
  | "action";

/** All that limits can count by. */
export const LIMIT_SUBJECTS: readonly LimitSubject[] = [
  "principal",
  "user",
  "session",
  "ip",
  "client",
  "claimed-client",
  "token",
  "tenant",
  "connection",
  "invitation",
  "action",
];

/** A limit on attempts. */
export interface LimitPolicy {
  /** Unique within the application; shown in headers and events. */
  readonly name: string;
  readonly by: readonly LimitSubject[];
  readonly rule: LimitRule;
  /** Replaces the rule's limit for callers who are not signed in. */
  readonly anonymousLimit?: number;
  /** Units that an attempt takes: actions that share a limit can weigh differently in it. Default 1. */
  readonly cost?: number;
  /** Gives the unit back when the attempt succeeds: failures alone are counted. */
  readonly refund?: "success";
  /** Counts only attempts that come with a join token found before they began, or only those without. Default: all. */
  readonly counts?: "invited" | "uninvited";
}

/** How many attempts of an action one address (IPv6: one /64) may make. */
export interface AddressBounds {
  /** In a window of so many milliseconds. */
  readonly limit: number;
  readonly window: number;
  /** Under way at once. */
  readonly atOnce: number;
}

/** What the audit row says besides who, when and what. Nothing here may be secret. */
export interface AuditDescription<Input, Output> {
  /** The event; `action_performed` by default. */
  readonly event?: EventDefinition;
  readonly target?: (input: Input, output: Output) => string;
  readonly context?: (input: Input, output: Output) => EventContext;
}

/** What an action gets to work with. It exists only after every guard has admitted the attempt. */
export interface ActionContext<Input, Kind extends Effects = Effects, Prepared = undefined> {
  readonly attempt: Attempt;
  readonly principal: Principal;
  readonly input: Input;
  /** The transaction of `store` actions, the snapshot of `none` actions; absent for `external`. */
  readonly transaction: Kind extends "store" ? WriteTransaction : Kind extends "none" ? ReadTransaction : undefined;
  /** For `external` actions, which bring their own transactions. */
  readonly store: Kind extends "external" ? Store : undefined;
  /** Epoch milliseconds at which the attempt was received. */
  readonly now: number;
  /** A key for one step at another system, the same whenever this attempt's idempotency key is retried. */
  readonly stepKey: (step: string) => string;
  /** What `prepare` resolved to. */
  readonly prepared: Prepared;
}

/** What an action may work with before its transaction begins. */
export interface PrepareContext<Input> extends Pick<ActionContext<Input>, "attempt" | "principal" | "input" | "now"> {
  readonly read: Store["read"];
}

/**
 * Thrown when what `prepare` went by is not so any more: the transaction is rolled back and the action prepared again,
 * a few times at most.
 */
export class StalePreparationError extends Error {
  override readonly name = "StalePreparationError";
}

/**
 * What `prepare` resolves to where it has the answer and nothing is to be changed: no transaction begins, no result is
 * kept and the audit trail gets no row, as of any read.
 */
export class Unchanged<Output> {
  readonly answer: Output;
  constructor(answer: Output) {
    this.answer = answer;
  }
}

/** Decides whether the principal may; stable for a given principal and input, so that replays stay lawful. */
export interface Authorise<Input> {
  (context: {
    readonly principal: Principal;
    readonly input: Input;
    readonly attempt: Attempt;
    readonly read: Store["read"];
  }): boolean | Denial | Promise<boolean | Denial>;
  /** Set by rules that ask for a token. */
  readonly demand?: TokenDemand;
}

/**
 * How repeated attempts under one key are treated. Results are kept as JSON, so a repeated attempt gets what
 * survives it; and the schema must make equal values of equal inputs (no random or current-time defaults),
 * or a retry looks like a different request.
 */
export interface IdempotencyPolicy {
  /** Seconds a result is kept. Default 3600. */
  readonly ttl?: number;
  /** Refuse attempts without a key. Default false. */
  readonly required?: boolean;
}

/** What the author of an action declares. */
export interface ActionDefinition<Input, Output, Kind extends Effects, Prepared = undefined> {
  /** `noun.verb`, unique within the application. */
  readonly name: string;
  /** The entrances it can be attempted over. */
  readonly entrances: readonly Entrance[];
  /** Any Standard Schema: zod, valibot, arktype. */
  readonly input: StandardSchemaV1<unknown, Input>;
  readonly effects: Kind;
  /** The rule that admits a principal, or `"public"`: anyone may. */
  readonly authorise: Authorise<Input> | "public";
  /** Whether a stranger without a credential may attempt it at all. Default: true for `"public"` actions. */
  readonly anonymous?: boolean;
  /** Default: the configured limit by principal and action. An empty list is refused for mutations. */
  readonly limits?: readonly LimitPolicy[];
  /**
   * For what many people do behind one address at once, at a venue say: attempts of it are counted by address apart from
   * all others, and by these bounds. Everybody has the limits above besides. Default: they count with all others.
   */
  readonly perAddress?: AddressBounds;
  /** `false`: keys are ignored. Default: results are kept for an hour. Not for `none` actions. */
  readonly idempotency?: IdempotencyPolicy | false;
  /**
   * `false`: the trail gets no row of what succeeds, and of what is refused as ever. For signs of life, which come all the time
   * and of which the newest counts alone; what else the action changes has a record of its own.
   */
  readonly audit?: AuditDescription<Input, Output> | false;
  /**
   * Of the transaction of a `store` action. `read committed` is for actions whose statements lock whatever they go by, and
   * that many attempt at once. Default `serializable`.
   */
  readonly isolation?: Isolation;
  /**
   * What takes long, such as hashing a password, signing a token or asking other servers: a transaction waits for nothing
   * else. For `store` and `none` actions; it changes nothing, and `run` gets what it resolves to. `Unchanged` ends the attempt with success.
   */
  readonly prepare?: (context: PrepareContext<Input>) => Promise<Prepared | Denial | Unchanged<Output>>;
  readonly run: (context: ActionContext<Input, Kind, Prepared>) => Promise<Output | Denial>;
}

/** A declared action with its defaults filled in. */
export interface Action<Input = unknown, Output = unknown> {
  readonly name: string;
  readonly entrances: readonly Entrance[];
  readonly input: StandardSchemaV1<unknown, Input>;
  readonly effects: Effects;
  readonly authorise: Authorise<Input> | "public";
  readonly anonymous: boolean;
  readonly limits: readonly LimitPolicy[] | undefined;
  readonly perAddress?: AddressBounds | undefined;
  readonly idempotency: IdempotencyPolicy | false;
  readonly audit: AuditDescription<Input, Output> | false;
  readonly isolation: Isolation;
  readonly prepare?: ((context: PrepareContext<Input>) => Promise<unknown>) | undefined;
  /** Of what `prepare` resolves to only the definition knows the type. */
  readonly run: (context: ActionContext<Input, Effects, never>) => Promise<Output | Denial>;
}

const ACTION_NAME = /^[a-z][a-z0-9-]*(\.[A-Za-z_][A-Za-z0-9_-]*)+$/;

/**
 * Declares something that can be attempted. Nothing happens until a gate is built with it.
 * @throws {TypeError} when the declaration contradicts itself.
 */
export function defineAction<Input, Output, const Kind extends Effects, Prepared = undefined>(
  definition: ActionDefinition<Input, Output, Kind, Prepared>,
): Action<Input, Output> {
  const { name, effects } = definition;
  if (!ACTION_NAME.test(name)) throw new TypeError(`The action name "${name}" is not of the form noun.verb.`);
  const [fault] = unknownWords(definition);
  if (fault !== undefined) throw new TypeError(fault);
  if (effects === "none" && definition.idempotency) {
    throw new TypeError(`The action ${name} changes nothing, so it cannot keep results by key.`);
  }
  if (effects === "external" && definition.prepare !== undefined) {
    throw new TypeError(`The action ${name} has no transaction of its own, so it has nothing to prepare for.`);
  }
  return Object.freeze({
    name,
    entrances: definition.entrances,
    input: definition.input,
    effects,
    authorise: definition.authorise,
    anonymous: definition.anonymous ?? definition.authorise === "public",
    limits: definition.limits,
    perAddress: definition.perAddress,
    idempotency: effects === "none" ? false : (definition.idempotency ?? {}),
    audit: definition.audit ?? {},
    isolation: definition.isolation ?? "serializable",
    prepare: definition.prepare,
    run: definition.run,
  });
}

/** Words of a declaration that mean nothing. Types refuse them, but types are stripped before a program runs. */
export function unknownWords({
  name,
  entrances,
  effects,
}: Pick<AnyAction, "name" | "entrances" | "effects">): string[] {
  const faults: string[] = [];
  const entrance = entrances.find((candidate) => !ENTRANCES.includes(candidate));
  if (entrance !== undefined) {
    faults.push(
      `The action ${name} names an unknown entrance "${String(entrance)}"; choose of ${ENTRANCES.join(", ")}.`,
    );
  }
  if (!EFFECTS.includes(effects)) {
    faults.push(`The action ${name} has unknown effects "${String(effects)}"; choose one of ${EFFECTS.join(", ")}.`);
  }
  return faults;
}

/** An action of any types, as registries hold them. */
// oxlint-disable-next-line typescript/no-explicit-any -- inputs are contravariant: no other type accepts every action
export type AnyAction = Action<any, any>;

/** What an action asks of tokens; `undefined` where it asks for none. */
export function tokenDemandOf({ authorise }: Pick<AnyAction, "authorise">): TokenDemand | undefined {
  return typeof authorise === "function" ? authorise.demand : undefined;
}
