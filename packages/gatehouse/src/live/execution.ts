import type { ActionContext } from "../kernel/action.ts";
import { events } from "../kernel/events.ts";
import { deny, isDenial, type Denial } from "../kernel/outcome.ts";
import type { WriteTransaction } from "../kernel/ports/store.ts";
import { problems } from "../kernel/problems.ts";
import { basisOf, type LiveCall, type OtherComponent } from "./call.ts";
import { formatComponentId } from "./component-id.ts";
import type { AnyLiveAction, AnyLiveComponent } from "./component.ts";
import { Reply } from "./effects.ts";
import { Instance, Overtaken, type LiveServices } from "./instance.ts";
import type { LiveEvent } from "./live-event.ts";
import type { Uploads } from "./upload.ts";
import { takeUploads } from "./upload-taking.ts";
import { extend, type ComponentUpdate, type LiveResult } from "./result.ts";

/** What an action is executed with. */
export interface ExecutionParts {
  readonly component: AnyLiveComponent;
  readonly action: AnyLiveAction;
  readonly services: LiveServices;
  readonly context: ActionContext<LiveCall, "store">;
}

/** The answer of an action with or without effects. */
function replyOf(answer: unknown): Reply<unknown> {
  return answer instanceof Reply ? answer : new Reply(answer, undefined);
}

/** One execution of an action, inside its transaction. */
export class Execution {
  readonly #parts: ExecutionParts;
  readonly #instance: Instance;

  constructor(parts: ExecutionParts) {
    const { component, services, context } = parts;
    const { input } = context;
    this.#parts = parts;
    this.#instance = new Instance(services, context, { component, instance: input.instance, basis: basisOf(input) });
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
    const current = await this.#instance.current(transaction);
    return isDenial(current) ? current : this.#instance.conflict(transaction, current);
  }

  async #attempt(transaction: WriteTransaction): Promise<LiveResult | Denial> {
    const { action } = this.#parts;
    const instance = this.#instance;
    const current = await instance.current(transaction);
    if (isDenial(current)) return current;
    if (!instance.isVisible(current)) return deny(problems.PERMISSION_DENIED, { event: events.authz_fail });
    const { seen } = instance;
    const outdated = seen !== undefined && seen !== current.version && action.options.commutes !== true;
    if (outdated || current.stale === true) return instance.conflict(transaction, current);
    const params = await this.#parameters(transaction);
    if (isDenial(params)) return params;
    const answer: unknown = await action.run(instance.context(transaction, current), params);
    if (isDenial(answer)) return answer;
    const { state, effects, emit } = replyOf(answer);
    const update = await instance.settle(transaction, current, state);
    if (isDenial(update)) return update;
    const components = await this.#tellOthers(transaction, emit);
    if (isDenial(components)) return components;
    return extend(update, {
      ...(effects === undefined ? {} : { effects }),
      ...(components.length === 0 ? {} : { components }),
    });
  }

  /** The parameters, with the uploads that the call names. */
  async #parameters(transaction: WriteTransaction): Promise<Uploads<string> | Denial> {
    const { services, context } = this.#parts;
    const { references } = basisOf(context.input);
    // What they are is known to the action, by its schema and the fields it names.
    const params = context.input.params as Uploads<string>;
    if (references === undefined || services.uploads === undefined) return params;
    const taken = await takeUploads(services.uploads, transaction, { key: this.#instance.key, references });
    return isDenial(taken) ? taken : { ...params, ...taken };
  }

  /** Has the other components of the page take note of what was emitted, in the order it was. */
  async #tellOthers(
    transaction: WriteTransaction,
    emitted: readonly LiveEvent[],
  ): Promise<(ComponentUpdate & { readonly component_id: string })[] | Denial> {
    const { component, context } = this.#parts;
    for (const { name } of emitted) {
      if (!component.emits.includes(name))
        throw new TypeError(`The component ${component.name} emits ${name} but does not name it in its emits.`);
    }
    if (emitted.length === 0) return [];
    const updates: (ComponentUpdate & { readonly component_id: string })[] = [];
    for (const other of basisOf(context.input).others) {
      const update = await this.#tell(transaction, other, emitted);
      if (update !== undefined && isDenial(update)) return update;
      if (update !== undefined) updates.push(extend(update, { component_id: formatComponentId(other.id) }));
    }
    return updates;
  }

  async #tell(
    transaction: WriteTransaction,
    { id, basis }: OtherComponent,
    emitted: readonly LiveEvent[],
  ): Promise<ComponentUpdate | Denial | undefined> {
    const { services, context, component: acting } = this.#parts;
    const component = services.find(id.component);
    const isItself = id.component === acting.name && id.instance === this.#instance.key.instance;
    if (component === undefined || isItself) return undefined;
    const heard = emitted.flatMap(({ name, payload }) =>
      component.listeners.filter(({ event }) => event === name).map(({ run }) => ({ run, payload })),
    );
    if (heard.length === 0) return undefined;
    const instance = new Instance(services, context, { component, instance: id.instance, basis });
    const before = await instance.current(transaction);
    // What cannot be read stays as it is: its next own action says so. What no page has shown hears nothing.
    if (isDenial(before)) {
      transaction.afterCommit(() => services.record(context, before));
      return undefined;
    }
    if (before.stale === true || before.unshown === true) return undefined;
    if (!instance.isVisible(before)) return undefined;
    let state = before.state;
    for (const { run, payload } of heard) {
      const next: unknown = await run(instance.context(transaction, { ...before, state }), payload);
      if (next !== undefined) state = next;
    }
    return instance.settle(
      transaction,
      before,
      state === before.state && component.mode !== "none" ? undefined : state,
    );
  }
}
