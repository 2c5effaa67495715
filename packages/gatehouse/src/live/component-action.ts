import { defineAction, type ActionContext, type AnyAction, type LimitPolicy } from "../kernel/action.ts";
import { events } from "../kernel/events.ts";
import { deny, isDenial, type Denial } from "../kernel/outcome.ts";
import type { WriteTransaction } from "../kernel/ports/store.ts";
import { problems } from "../kernel/problems.ts";
import { basisOf, callSchema, type LiveCall } from "./call.ts";
import { formatComponentId } from "./component-id.ts";
import type { AnyLiveAction, AnyLiveComponent } from "./component.ts";
import { contentText, viewOf } from "./content.ts";
import { Reply, type LiveEffects } from "./effects.ts";
import { liveProblems } from "./problems.ts";
import { check } from "./schema.ts";
import { ownerOf, type Held, type Seed, type StateKeeper, type StateKey, type Stored } from "./state.ts";

/** What an action of a component answers at the gate; stored as it is for repeated attempts. */
export interface LiveResult {
  /** The new content. */
  readonly html: string;
  /** The state without its secret members. */
  readonly state: Readonly<Record<string, unknown>>;
  readonly version: number;
  readonly effects?: LiveEffects;
}

/** Seconds. */
const DEFAULT_WINDOW = 60;

/** The action at the gate of each action of a component: `<component>.<action>`. */
export function componentActions(component: AnyLiveComponent, keeper: StateKeeper): AnyAction[] {
  return Object.entries(component.actions).map(([name, action]) => {
    const { options } = action;
    const { authorise, audit } = options;
    return defineAction({
      name: `${component.name}.${name}`,
      entrances: ["live"],
      input: callSchema(options.input),
      effects: "store",
      authorise:
        authorise === "public" ? authorise : ({ input, ...context }) => authorise({ ...context, input: input.params }),
      ...(options.anonymous === undefined ? {} : { anonymous: options.anonymous }),
      ...limitsOf(`${component.name}.${name}`, action),
      idempotency: { ttl: options.idempotencyTTL ?? 3600, required: options.idempotencyRequired ?? false },
      audit: {
        ...(audit?.event === undefined ? {} : { event: audit.event }),
        target: ({ instance }) => formatComponentId({ component: component.name, instance }),
        context: (call, result) => audit?.context?.(call.params, result) ?? {},
      },
      run: (context) => new Execution({ component, action, keeper, context }).run(),
    });
  });
}

function limitsOf(name: string, { options }: AnyLiveAction): { readonly limits?: readonly LimitPolicy[] } {
  const { rateLimit, rateLimitWindow = DEFAULT_WINDOW, anonymousLimit, limitBy = ["principal", "action"] } = options;
  if (rateLimit === undefined) {
    const others = [options.rateLimitWindow, options.rateLimitCounts, anonymousLimit, options.limitBy];
    if (others.every((option) => option === undefined)) return {};
    throw new TypeError(`The action ${name} has options of a limit but no rateLimit; say how many attempts are meant.`);
  }
  const rule = { kind: "window", limit: rateLimit, window: rateLimitWindow * 1000 } as const;
  const policy = {
    ...{ name: `live.${name}`, by: limitBy, rule },
    ...(anonymousLimit === undefined ? {} : { anonymousLimit }),
    ...(options.rateLimitCounts === "failures" ? ({ refund: "success" } as const) : {}),
  };
  return { limits: [policy] };
}

interface ExecutionParts {
  readonly component: AnyLiveComponent;
  readonly action: AnyLiveAction;
  readonly keeper: StateKeeper;
  readonly context: ActionContext<LiveCall, "store">;
}

/** The answer of an action with or without effects. */
function replyOf(answer: unknown): Reply<unknown> {
  return answer instanceof Reply ? answer : new Reply(answer, undefined);
}

/** The state an action starts from. */
interface Current extends Held, Pick<Stored, "version" | "bytes"> {}

/** Another execution stored a newer version first; its savepoint is rolled back. */
class Overtaken extends Error {}

/** One execution of an action, inside its transaction. */
class Execution {
  readonly #parts: ExecutionParts;
  readonly #key: StateKey;

  constructor(parts: ExecutionParts) {
    const { input, principal, attempt } = parts.context;
    this.#parts = parts;
    this.#key = {
      tenant: attempt.tenant,
      component: parts.component.name,
      instance: input.instance,
      owner: ownerOf(principal),
    };
  }

  async run(): Promise<LiveResult | Denial> {
    const { transaction } = this.#parts.context;
    const commutes = this.#parts.action.options.commutes === true;
    for (let tries = commutes ? 2 : 1; tries > 0; tries -= 1) {
      try {
        // Only what may be tried again needs a savepoint; a conflict rolls everything back.
        return await (commutes
          ? transaction.nested((savepoint) => this.#attempt(savepoint))
          : this.#attempt(transaction));
      } catch (error) {
        if (!(error instanceof Overtaken)) throw error;
      }
    }
    const current = await this.#current(transaction);
    return isDenial(current) ? current : this.#conflict(current);
  }

  async #attempt(transaction: WriteTransaction): Promise<LiveResult | Denial> {
    const { action, context } = this.#parts;
    const current = await this.#current(transaction);
    if (isDenial(current)) return current;
    const { version: seen } = basisOf(context.input);
    if (seen !== undefined && seen !== current.version && action.options.commutes !== true)
      return this.#conflict(current);
    const answer: unknown = await action.run(
      { ...this.#surroundings(), state: current.state, props: current.props, transaction },
      context.input.params,
    );
    if (isDenial(answer)) return answer;
    return this.#settle(transaction, current, answer);
  }

  async #settle(transaction: WriteTransaction, current: Current, answer: unknown): Promise<LiveResult | Denial> {
    const { keeper } = this.#parts;
    const { state: next, effects } = replyOf(answer);
    if (next === undefined) return this.#result(current, current.version, effects);
    const held = { props: current.props, state: this.#checked(next) };
    const { version: expected, bytes } = current;
    const version = await keeper.write(transaction, this.#key, { ...held, expected, bytes });
    if (version === undefined) throw new Overtaken();
    if (version === "full") return deny(liveProblems.STATE_QUOTA_EXCEEDED, { event: events.excess_live_state });
    return this.#result(held, version, effects);
  }

  /** The state to start from: the page's own while it is the newest, the stored one, or a fresh one. */
  async #current(transaction: WriteTransaction): Promise<Current | Denial> {
    const { component, keeper, context } = this.#parts;
    const { seed: sealed } = basisOf(context.input);
    const stored = await keeper.read(transaction, component, this.#key);
    if (sealed !== undefined) {
      const seed = keeper.openSeed(component, this.#key, { sealed, now: context.now });
      if (seed === "damaged") return this.#invalid("seed");
      if (seed !== undefined && seed.base === stored.version) return this.#fromSeed(transaction, seed, stored);
    }
    if (stored.damaged) return this.#invalid("state");
    if (stored.held !== undefined) return { ...stored, ...stored.held };
    return this.#fresh(transaction, stored);
  }

  async #fromSeed(
    transaction: WriteTransaction,
    { props, state }: Seed,
    { version, held, bytes }: Stored,
  ): Promise<Current> {
    if (state !== undefined) return { props, state: state.value, version, bytes };
    return { props, state: await this.#mounted(transaction, props, held?.state), version, bytes };
  }

  /** A component nobody has rendered yet, with the props it has when a page gives none. */
  async #fresh(transaction: WriteTransaction, { version, bytes }: Stored): Promise<Current | Denial> {
    const { component } = this.#parts;
    const props = component.props === undefined ? { value: undefined } : check(component.props, {});
    if (props === undefined) return deny(liveProblems.STATE_INVALID, { extensions: REFRESH });
    return { props: props.value, state: await this.#mounted(transaction, props.value, undefined), version, bytes };
  }

  async #mounted(transaction: WriteTransaction, props: unknown, previous: unknown): Promise<unknown> {
    return this.#checked(await this.#parts.component.mount({ ...this.#surroundings(), props, transaction, previous }));
  }

  #surroundings(): Pick<ActionContext<unknown>, "attempt" | "principal" | "now" | "stepKey"> &
    Pick<StateKey, "tenant" | "instance"> {
    const { attempt, principal, now, stepKey } = this.#parts.context;
    return { attempt, principal, now, stepKey, tenant: this.#key.tenant, instance: this.#key.instance };
  }

  /** The state as it will be read back. */
  #checked(state: unknown): unknown {
    const { component } = this.#parts;
    const checked = check(component.state, state);
    if (checked === undefined)
      throw new TypeError(`The component ${component.name} answered a state that its schema refuses.`);
    return checked.value;
  }

  #result(held: Held, version: number, effects: LiveEffects | undefined): LiveResult {
    const { component, context } = this.#parts;
    const { component: name, instance } = this.#key;
    const id = { component: name, instance };
    const frame = { id, version, page: undefined, refused: undefined, principal: context.principal };
    const html = contentText(component, held, frame);
    const result = { html, state: viewOf(component, held.state), version };
    return effects === undefined ? result : { ...result, effects };
  }

  #conflict(current: Current): Denial {
    return deny(problems.STATE_CONFLICT, { extensions: { ...this.#result(current, current.version, undefined) } });
  }

  #invalid(what: "seed" | "state"): Denial {
    return deny(liveProblems.STATE_INVALID, {
      event: events.crypt_decrypt_fail,
      context: { what, component: this.#key.component, instance: this.#key.instance },
      extensions: REFRESH,
    });
  }
}

const REFRESH = { action: "REFRESH_PAGE" } as const;
