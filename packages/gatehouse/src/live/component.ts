import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { Html, Renderable } from "../html/html.ts";
import type { Attempt, Principal } from "../kernel/attempt.ts";
import type { Denial } from "../kernel/outcome.ts";
import type { ReadTransaction, WriteTransaction } from "../kernel/ports/store.ts";
import type { Act } from "./act.ts";
import type { LiveActionOptions } from "./action-options.ts";
import { ACTION_NAME, COMPONENT_NAME } from "./component-id.ts";
import type { Reply } from "./effects.ts";
import type { RenderFragment } from "./fragments.ts";
import type { LiveEventType } from "./live-event.ts";
import { NO_INPUT } from "./schema.ts";
import type { UploadField, UploadFields, Uploads } from "./upload.ts";

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
  /**
   * Says, once the transaction is durable and never before, that whatever follows the topic is stale: open pages of
   * this tenant ask for fresh content. See `topics`.
   */
  readonly publish: (topic: string) => void;
}

/** What `render` works with. Secret members of the state are not among it. */
export interface RenderContext<View, Props, Actions> {
  readonly state: View;
  readonly props: Props;
  readonly principal: Principal;
  readonly instance: string;
  /** Attributes and fields that trigger the component's actions. */
  readonly act: Act<Actions>;
  /**
   * Another component in this place. It keeps its own state and is left alone when this one is rendered anew; another
   * instance name or other props make another one. In lists, give each its own `instance`.
   */
  readonly child: RenderChild;
  /** A part of the content that callers can ask for by its name, alone. */
  readonly fragment: RenderFragment;
}

/** Puts a component into the content of another one. */
export type RenderChild = <Props>(component: LiveComponent<Props>, options?: ChildOptions<Props>) => Html;

/** What the content says about a component it contains. */
export interface ChildOptions<Props> {
  /** Tells several of one kind on a page, or in a session, apart. Default `main`. */
  readonly instance?: string;
  readonly props?: Props;
  readonly load?: LoadOption;
}

/**
 * When a component is loaded that the page does not have yet: `deferred`, once the page is there; `visible`, once a
 * visitor gets near it. Both are loaded together with others, and count towards a limit of their own. Without
 * scripts a link loads them.
 */
export interface LoadOption {
  readonly when: "deferred" | "visible";
  /** What stands there until then. */
  readonly placeholder?: Renderable;
}

type Now<Value> = Value | Promise<Value>;

/**
 * Where the state lives between two actions.
 *
 * - `store`: sealed in the store, changed by compare-and-set. The page of a component nobody has acted on yet carries it.
 * - `sealed`: in the page alone; the store keeps the number of its version, so that an old one cannot be replayed.
 * - `none`: nowhere. `mount` makes it anew for every rendering: for components that show what is stored elsewhere.
 */
export type StateMode = "store" | "sealed" | "none";

/** What an action answers: the next state, a reply with effects, a denial, or nothing: the state stays. */
export type LiveAnswer<State> = State | Reply<State> | Denial | undefined;

/** What every action has; inference of its types takes nothing from it. */
interface ActionMark {
  readonly kind: "live-action";
}

/** An action of a component. */
export interface LiveAction<
  State,
  Props,
  Schema extends StandardSchemaV1,
  Fields extends string = never,
> extends ActionMark {
  readonly options: LiveActionOptions<Schema, Fields> & { readonly input: Schema };
  readonly run: (
    context: LiveContext<State, Props>,
    input: StandardSchemaV1.InferOutput<Schema> & Uploads<Fields>,
  ) => Now<LiveAnswer<State>>;
}

/** An action of any types, as components hold them. Its input is what its own schema has made. */
// oxlint-disable-next-line typescript/no-explicit-any -- contexts are contravariant: no other type accepts every action
export type AnyLiveAction = LiveAction<any, any, StandardSchemaV1, any>;

/**
 * Declares an action of a component: its options and what it does. The function answers the next state, a
 * `reply` with effects, a denial, or nothing.
 */
export type DeclareAction<State, Props, Fields extends string = never> = <
  Schema extends StandardSchemaV1 = typeof NO_INPUT,
  const Taken extends Fields = never,
>(
  options: LiveActionOptions<Schema, Taken>,
  run: LiveAction<State, Props, Schema, Taken>["run"],
) => LiveAction<State, Props, Schema, Taken>;

/** What the rule of a component, and its topics, are asked about: whoever is to be shown it. */
export interface ViewContext<Props> {
  readonly principal: Principal;
  readonly props: Props;
  readonly tenant: string;
  readonly instance: string;
}

/** What a component does when another one of the page emits an event. */
export interface LiveListener {
  readonly event: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- contexts are contravariant: no other type accepts every listener
  readonly run: (context: LiveContext<any, any>, payload: any) => Now<unknown>;
}

/** Declares a listener: the kind of event and what it makes of the state. Without an answer the state stays. */
export type DeclareListener<State, Props> = <Payload>(
  type: LiveEventType<Payload>,
  run: (context: LiveContext<State, Props>, payload: Payload) => Now<State | undefined>,
) => LiveListener;

/** What the author of a component declares. */
export interface LiveDefinition<State, Props, Actions, Secret extends keyof State, Fields extends string = never> {
  /** What a page gives the component. They take part in its identity: other props, other instance. */
  readonly props?: StandardSchemaV1<unknown, Props>;
  /** The state: plain JSON. Checked whenever it is read back, so that a new release never meets an old shape. */
  readonly state: StandardSchemaV1<unknown, State>;
  /**
   * Who may be shown the component, where that is not everybody who is shown a page with it. Asked whenever it is
   * rendered: in a page, inside another component, after an event, when it is loaded or refreshed. Whoever may not gets
   * nothing. A page's own check does not last: its components can be asked for anew while the session lives.
   */
  readonly visible?: (context: ViewContext<Props>) => boolean;
  /** Where the state lives between two actions. Default `store`. */
  readonly mode?: StateMode;
  /**
   * For mode `sealed`: `"tolerated"` keeps no version in the store either. Whoever keeps an older page can then go back
   * to its state as often as they like.
   */
  readonly replay?: "tolerated";
  /** Members of the state that never reach the browser, nor `render`. */
  readonly secret?: readonly Secret[];
  /**
   * Members of the state that are for the content alone, such as the rows of a list: answers to scripts leave them
   * out, since the content shows them.
   */
  readonly contentOnly?: readonly (keyof State & string)[];
  /**
   * The state of a freshly rendered page. Runs at every page view, and when an action finds neither state
   * nor page; whoever wants to go on where the visitor left returns `previous`.
   */
  readonly mount: (context: MountContext<State, Props>) => Now<State>;
  /** The actions by name, each declared with the function that is passed in. */
  readonly actions: (action: DeclareAction<State, Props, Fields>) => Actions;
  /** The upload fields by name; see `upload`. */
  readonly uploads?: { readonly [Field in Fields]: UploadField };
  /** The events this component's actions emit; see `liveEvent`. */
  // oxlint-disable-next-line typescript/no-explicit-any -- what they carry is of no concern here
  readonly emits?: readonly LiveEventType<any>[];
  /**
   * What it does when other components of the page emit events, each declared with the function that is passed in.
   * The browser says which components its page has, and may leave some out: what has to happen belongs into the
   * action that emits the event, and a listener only follows it.
   */
  readonly on?: (on: DeclareListener<State, Props>) => readonly LiveListener[];
  /** Seconds after which an open, visible page asks for fresh content by itself. At least 1. Default: never. */
  readonly poll?: number;
  /**
   * What its content is about, as names of the application's own such as `event/42`: when `publish` is called with one
   * of them, open pages ask for fresh content by themselves. At most 16; topics of other tenants are others. Default: none.
   */
  readonly topics?: (context: ViewContext<Props>) => readonly string[];
  /** The content. Pure: the same arguments give the same content. */
  readonly render: (context: RenderContext<Omit<State, Secret>, Props, Actions>) => Renderable;
}

/** A component. Its types are known to its author; registries hold it as `LiveComponent`. */
export interface LiveComponent<in out Props = unknown> {
  readonly name: string;
  readonly props: StandardSchemaV1<unknown, Props> | undefined;
  readonly state: StandardSchemaV1;
  readonly secret: readonly string[];
  readonly visible: ((context: ViewContext<Props>) => boolean) | undefined;
  readonly contentOnly: readonly string[];
  readonly mode: StateMode;
  readonly replayTolerated: boolean;
  readonly emits: readonly string[];
  readonly listeners: readonly LiveListener[];
  readonly poll: number | undefined;
  readonly mount: (context: MountContext<unknown, Props>) => Now<unknown>;
  readonly topics: ((context: ViewContext<Props>) => readonly string[]) | undefined;
  readonly actions: Readonly<Record<string, AnyLiveAction>>;
  readonly uploads: UploadFields;
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
  Fields extends string = never,
>(name: string, definition: LiveDefinition<State, Props, Actions, Secret, Fields>): LiveComponent<Props> {
  if (!COMPONENT_NAME.test(name)) {
    throw new TypeError(`The component name "${name}" is not of the form ${COMPONENT_NAME.source}.`);
  }
  const actions = definition.actions(declareAction);
  const { props, state, secret = [], contentOnly = [], mount, render, visible, topics } = definition;
  const { mode = "store", replay, emits = [], poll } = definition;
  const uploads: UploadFields = definition.uploads ?? {};
  // Behind its name a component is only ever given its own actions.
  const declared = Object.entries(actions as unknown as LiveComponent["actions"]);
  for (const [action, { options }] of declared) {
    if (!ACTION_NAME.test(action)) throw new TypeError(`The action name "${action}" of ${name} is not an identifier.`);
    refuseUnknownFields(`The action ${action} of ${name}`, options.uploads, uploads);
  }
  for (const field of Object.keys(uploads)) {
    if (!ACTION_NAME.test(field)) throw new TypeError(`The upload field "${field}" of ${name} is not an identifier.`);
  }
  if (replay !== undefined && mode !== "sealed")
    throw new TypeError(`${name}: replay is about components of mode sealed.`);
  if (poll !== undefined && !(poll >= 1)) throw new TypeError(`${name}: poll is a number of seconds, 1 or more.`);
  const component = {
    ...{ name, props, state, secret, contentOnly, mount, render, actions, visible, topics, mode, poll, uploads },
    replayTolerated: replay === "tolerated",
    emits: emits.map(({ event }) => event),
    listeners: definition.on?.(({ event }, run) => ({ event, run })) ?? [],
  };
  // Behind its name a component is only ever given states its own schema has made, and its own actions.
  return component as unknown as LiveComponent<Props>;
}

function refuseUnknownFields(action: string, taken: readonly string[] = [], uploads: UploadFields): void {
  const unknown = taken.find((field) => !Object.hasOwn(uploads, field));
  if (unknown === undefined) return;
  const known = Object.keys(uploads);
  const hint = known.length === 0 ? "name it in the component's uploads" : `the fields are ${known.join(", ")}`;
  throw new TypeError(`${action}: there is no upload field ${unknown}; ${hint}.`);
}

function declareAction<State, Props, Schema extends StandardSchemaV1, Taken extends string>(
  options: LiveActionOptions<Schema, Taken>,
  run: LiveAction<State, Props, Schema, Taken>["run"],
): LiveAction<State, Props, Schema, Taken> {
  // Without an input the type parameter has its default, which is the type of this schema.
  const input = options.input ?? (NO_INPUT as StandardSchemaV1 as Schema);
  return { kind: "live-action", options: { ...options, input }, run };
}
