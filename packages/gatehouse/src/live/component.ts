import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { Renderable } from "../html/html.ts";
import type { AuditDescription, Authorise, LimitSubject } from "../kernel/action.ts";
import type { Attempt, Principal } from "../kernel/attempt.ts";
import type { Denial } from "../kernel/outcome.ts";
import type { ReadTransaction, WriteTransaction } from "../kernel/ports/store.ts";
import type { Act } from "./act.ts";
import { ACTION_NAME, COMPONENT_NAME } from "./component-id.ts";
import type { Reply } from "./effects.ts";
import { NO_INPUT } from "./schema.ts";

/** What `mount` works with. It reads; it changes nothing. */
export interface MountContext<State, Props> {
  readonly props: Props;
  readonly principal: Principal;
  readonly tenant: string;
  readonly instance: string;
  readonly transaction: ReadTransaction;
  /** Epoch milliseconds. */
  readonly now: number;
  /** The state this visitor left the instance in; absent at the first visit. */
  readonly previous: State | undefined;
}

/** What an action of a component works with: everything in one transaction. */
export interface LiveContext<State, Props> {
  readonly state: State;
  readonly props: Props;
  readonly principal: Principal;
  readonly tenant: string;
  readonly instance: string;
  readonly transaction: WriteTransaction;
  readonly attempt: Attempt;
  /** Epoch milliseconds at which the attempt was received. */
  readonly now: number;
  /** See `ActionContext.stepKey`. */
  readonly stepKey: (step: string) => string;
}

/** What `render` works with. Secret members of the state are not among it. */
export interface RenderContext<View, Props, Actions> {
  readonly state: View;
  readonly props: Props;
  readonly principal: Principal;
  readonly instance: string;
  /** Attributes and fields that trigger the component's actions. */
  readonly act: Act<Actions>;
}

type Now<Value> = Value | Promise<Value>;

/** What an action answers: the next state, a reply with effects, a denial, or nothing: the state stays. */
export type LiveAnswer<State> = State | Reply<State> | Denial | undefined;

/** Options of an action. */
export interface LiveActionOptions<Schema extends StandardSchemaV1> {
  /** What the action takes, as any Standard Schema. Default: nothing. Forms send texts: coerce in the schema. */
  readonly input?: Schema;
  /** The rule that admits a principal, or `"public"`: anyone may. */
  readonly authorise: Authorise<StandardSchemaV1.InferOutput<Schema>> | "public";
  /** Whether strangers may attempt it. Default: true for `"public"` actions. */
  readonly anonymous?: boolean;
  /** Attempts in a window. Default: the configured limit, 60 in 60 seconds. */
  readonly rateLimit?: number;
  /** Seconds. Default 60. */
  readonly rateLimitWindow?: number;
  /** Whether only refused and failed attempts use up the limit: for codes and passwords. Default: all attempts. */
  readonly rateLimitCounts?: "attempts" | "failures";
  /** The limit of callers who are not signed in, where it differs. */
  readonly anonymousLimit?: number;
  /** What is counted. Default: principal and action. */
  readonly limitBy?: readonly LimitSubject[];
  /** Seconds a result is kept for repeated attempts under one key. Default 3600. */
  readonly idempotencyTTL?: number;
  /** Refuse attempts without an idempotency key. Default false. */
  readonly idempotencyRequired?: boolean;
  /**
   * Whether the action is meant whatever version of the state its caller saw: a counter, a like, a new
   * entry. Default false: an attempt made on an older version gets `STATE_CONFLICT` and the current content.
   */
  readonly commutes?: boolean;
  /** Whether quick clicks after each other are each meant. Default false: a double click counts once. */
  readonly repeats?: boolean;
  readonly audit?: Pick<AuditDescription<StandardSchemaV1.InferOutput<Schema>, unknown>, "event" | "context">;
}

/** What every action has; inference of its types takes nothing from it. */
interface ActionMark {
  readonly kind: "live-action";
}

/** An action of a component. */
export interface LiveAction<State, Props, Schema extends StandardSchemaV1> extends ActionMark {
  readonly options: LiveActionOptions<Schema> & { readonly input: Schema };
  readonly run: (
    context: LiveContext<State, Props>,
    input: StandardSchemaV1.InferOutput<Schema>,
  ) => Now<LiveAnswer<State>>;
}

/** An action of any types, as components hold them. Its input is what its own schema has made. */
// oxlint-disable-next-line typescript/no-explicit-any -- contexts are contravariant: no other type accepts every action
export type AnyLiveAction = LiveAction<any, any, StandardSchemaV1>;

/**
 * Declares an action of a component: its options and what it does. The function answers the next state, a
 * `reply` with effects, a denial, or nothing.
 */
export type DeclareAction<State, Props> = <Schema extends StandardSchemaV1 = typeof NO_INPUT>(
  options: LiveActionOptions<Schema>,
  run: LiveAction<State, Props, Schema>["run"],
) => LiveAction<State, Props, Schema>;

/** What the author of a component declares. */
export interface LiveDefinition<State, Props, Actions, Secret extends keyof State> {
  /** What a page gives the component. They take part in its identity: other props, other instance. */
  readonly props?: StandardSchemaV1<unknown, Props>;
  /** The state: plain JSON. Checked whenever it is read back, so that a new release never meets an old shape. */
  readonly state: StandardSchemaV1<unknown, State>;
  /** Members of the state that never reach the browser, nor `render`. */
  readonly secret?: readonly Secret[];
  /**
   * The state of a freshly rendered page. Runs at every page view, and when an action finds neither state
   * nor page; whoever wants to go on where the visitor left returns `previous`.
   */
  readonly mount: (context: MountContext<State, Props>) => Now<State>;
  /** The actions by name, each declared with the function that is passed in. */
  readonly actions: (action: DeclareAction<State, Props>) => Actions;
  /** The content. Pure: the same arguments give the same content. */
  readonly render: (context: RenderContext<Omit<State, Secret>, Props, Actions>) => Renderable;
}

/** A component. Its types are known to its author; registries hold it as `LiveComponent`. */
export interface LiveComponent<in out Props = unknown> {
  readonly name: string;
  readonly props: StandardSchemaV1<unknown, Props> | undefined;
  readonly state: StandardSchemaV1;
  readonly secret: readonly string[];
  readonly mount: (context: MountContext<unknown, Props>) => Now<unknown>;
  readonly actions: Readonly<Record<string, AnyLiveAction>>;
  readonly render: (context: RenderContext<unknown, Props, never>) => Renderable;
}

/** A component of any props, as registries hold them. */
// oxlint-disable-next-line typescript/no-explicit-any -- props are invariant: no other type accepts every component
export type AnyLiveComponent = LiveComponent<any>;

/**
 * Declares a live component: state on the server, content in the browser, actions through every guard.
 * @throws {TypeError} when a name breaks the grammar of the wire
 */
export function live<
  State extends object,
  Actions extends Readonly<Record<string, ActionMark>>,
  Props = undefined,
  const Secret extends keyof State & string = never,
>(name: string, definition: LiveDefinition<State, Props, Actions, Secret>): LiveComponent<Props> {
  if (!COMPONENT_NAME.test(name)) {
    throw new TypeError(`The component name "${name}" is not of the form ${COMPONENT_NAME.source}.`);
  }
  const actions = definition.actions(declareAction);
  for (const action of Object.keys(actions)) {
    if (!ACTION_NAME.test(action)) throw new TypeError(`The action name "${action}" of ${name} is not an identifier.`);
  }
  const { props, state, secret = [], mount, render } = definition;
  // Behind its name a component is only ever given states its own schema has made, and its own actions.
  return { name, props, state, secret, mount, render, actions } as unknown as LiveComponent<Props>;
}

function declareAction<State, Props, Schema extends StandardSchemaV1>(
  options: LiveActionOptions<Schema>,
  run: LiveAction<State, Props, Schema>["run"],
): LiveAction<State, Props, Schema> {
  // Without an input the type parameter has its default, which is the type of this schema.
  const input = options.input ?? (NO_INPUT as StandardSchemaV1 as Schema);
  return { kind: "live-action", options: { ...options, input }, run };
}
