import type { ActionContext } from "../kernel/action.ts";
import type { Refused } from "../kernel/attempt-event.ts";
import { events } from "../kernel/events.ts";
import { deny, isDenial, type Denial } from "../kernel/outcome.ts";
import type { WriteTransaction } from "../kernel/ports/store.ts";
import { problems } from "../kernel/problems.ts";
import type { Basis, LiveCall } from "./call.ts";
import { formatComponentId, type ComponentId } from "./component-id.ts";
import type { AnyLiveComponent, LiveContext } from "./component.ts";
import { toldOf, type Content, type RenderContent } from "./content.ts";
import { contentTag } from "./content-patch.ts";
import { isNewest, type Mounter } from "./mounter.ts";
import { liveProblems } from "./problems.ts";
import type { Push } from "./push/push.ts";
import { topicKey } from "./push/topics.ts";
import type { RecentContents } from "./recent-contents.ts";
import { withBefore, withFragments, type ComponentUpdate } from "./result.ts";
import { check, requireFit } from "./schema.ts";
import { deskFor } from "./upload-desk.ts";
import type { UploadTaking } from "./upload-taking.ts";
import { ownerOf, type Held, type Seed, type StateKeeper, type Stored } from "./state.ts";
import type { StateKey } from "./state-key.ts";

/** What executions of components work with. */
export interface LiveServices {
  readonly keeper: StateKeeper;
  readonly mounter: Mounter;
  readonly push: Pick<Push, "publish">;
  readonly contents: RecentContents;
  readonly render: RenderContent;
  /** The component of a name. */
  readonly find: (name: string) => AnyLiveComponent | undefined;
  /** Present where components have upload fields. */
  readonly uploads: UploadTaking | undefined;
  /** Records the refusal of a component that is one of several; what refuses an attempt is recorded with it. */
  readonly record: (refused: Pick<Refused, "attempt" | "principal">, denial: Denial) => void;
}

/** The state an action starts from. */
export interface Current extends Held, Pick<Stored, "bytes"> {
  /** The version it will replace; 0 where there is none. */
  readonly version: number;
  /** The state is kept in pages and the caller's is not the newest: this one was made anew, to be shown, not acted on. */
  readonly stale?: true;
  /** Neither a page nor the store knows it: for whoever may act on it, but not to be shown because of another's action. */
  readonly unshown?: true;
}

/** What of a state is shown. */
type Shown = Held & Pick<Current, "version">;

/** Another execution kept a newer version first; its savepoint is rolled back. */
export class Overtaken extends Error {}

/** What a component is told of the attempt it takes part in. */
type Surroundings = Pick<
  LiveContext<unknown, unknown>,
  "attempt" | "principal" | "now" | "stepKey" | "tenant" | "instance"
>;

const REFRESH = { action: "REFRESH_PAGE" } as const;

/** One component instance during one attempt: reads its state, keeps the next one, renders. */
export class Instance {
  readonly component: AnyLiveComponent;
  readonly key: StateKey;
  readonly #services: LiveServices;
  readonly #context: ActionContext<LiveCall, "store">;
  readonly #basis: Basis;

  constructor(
    services: LiveServices,
    context: ActionContext<LiveCall, "store">,
    subject: { readonly component: AnyLiveComponent; readonly instance: string; readonly basis: Basis },
  ) {
    const { component, instance, basis } = subject;
    this.component = component;
    this.key = {
      tenant: context.attempt.tenant,
      component: component.name,
      instance,
      owner: ownerOf(context.principal),
    };
    this.#services = services;
    this.#context = context;
    this.#basis = basis;
  }

  /** The version the caller saw, where it says so. */
  get seen(): number | undefined {
    return this.component.mode === "none" ? undefined : this.#basis.version;
  }

  /** Whether the caller may be shown the component. */
  isVisible({ props }: Held): boolean {
    const { principal } = this.#context;
    const { tenant, instance } = this.key;
    return this.component.visible?.({ principal, props, tenant, instance }) !== false;
  }

  /** What `run` functions of the component get. */
  context(transaction: WriteTransaction, { state, props }: Held): LiveContext<unknown, unknown> {
    const { tenant } = this.key;
    const publish = (topic: string): void => {
      // What is wrong with it is said while it can still be taken back.
      topicKey(tenant, topic);
      transaction.afterCommit(() => this.#services.push.publish(tenant, topic));
    };
    return { ...this.#surroundings(), state, props, transaction, publish };
  }

  /** The state to start from: the page's own while it is the newest, the stored one, or a fresh one. */
  async current(transaction: WriteTransaction): Promise<Current | Denial> {
    const { seed: sealed } = this.#basis;
    const { keeper } = this.#services;
    const stored = await keeper.read(transaction, this.component, this.key);
    if (sealed !== undefined) {
      const seed = keeper.openSeed(this.component, this.key, { sealed, now: this.#context.now });
      if (seed === "damaged") return stateInvalid("seed", this.key);
      if (seed !== undefined && isNewest(this.component, seed, stored.version))
        return this.#fromSeed(transaction, seed, stored);
    }
    if (stored.damaged) return stateInvalid("state", this.key);
    if (stored.held !== undefined) return { ...stored, ...stored.held };
    const fresh = await this.#fresh(transaction, stored);
    if (isDenial(fresh)) return fresh;
    const isElsewhere = this.component.mode === "sealed" && stored.version > 0;
    return isElsewhere ? { ...fresh, stale: true } : fresh;
  }

  /**
   * Keeps the next state, or none, and says what changed.
   * @throws {Overtaken} when another execution was faster
   */
  async settle(transaction: WriteTransaction, current: Current, next: unknown): Promise<ComponentUpdate | Denial> {
    if (this.component.mode === "none") return this.#settleDerived(transaction, current, next);
    if (next === undefined) return this.update(transaction, current, current);
    const held = { props: current.props, state: this.#checked(next) };
    const subject = { component: this.component, key: this.key };
    const { version: expected, bytes } = current;
    const version = await this.#services.keeper.write(transaction, subject, { ...held, expected, bytes });
    if (version === undefined) throw new Overtaken();
    if (version === "full") return deny(liveProblems.STATE_QUOTA_EXCEEDED, { event: events.excess_live_state });
    return this.update(transaction, { ...held, version }, current);
  }

  /** What a caller is told of a state. `before` is what it may have been told last. */
  async update(transaction: WriteTransaction, current: Shown, before?: Shown): Promise<ComponentUpdate> {
    const content = this.#content(current);
    const base = {
      html: content.text,
      content_tag: contentTag(content.text),
      state: toldOf(this.component, current.state),
      version: current.version,
    };
    const children = await this.#children(transaction, content);
    const update: ComponentUpdate = {
      ...base,
      ...(this.component.mode === "sealed" ? { seed: this.#sealed(current) } : {}),
      ...(children === undefined ? {} : { children }),
      ...(content.tickets === undefined ? {} : { tickets: content.tickets }),
    };
    const { fragments } = this.#basis;
    const parts = fragments && content.fragments.select(fragments);
    if (parts !== undefined) return withFragments(update, parts);
    const text = this.#shownBefore(before);
    this.#services.contents.keep(this.key, { tag: update.content_tag, text: content.text });
    return text === undefined ? update : withBefore(update, text);
  }

  /** The denial of an attempt on a state that is no longer the newest, with what is. */
  async conflict(transaction: WriteTransaction, current: Current): Promise<Denial> {
    return deny(problems.STATE_CONFLICT, { extensions: { ...(await this.update(transaction, current)) } });
  }

  /** Nothing is kept: the content shows what `mount` finds once the action is done, or what the action answered. */
  async #settleDerived(transaction: WriteTransaction, current: Current, next: unknown): Promise<ComponentUpdate> {
    const state = next === undefined ? await this.#mounted(transaction, current.props, undefined) : this.#checked(next);
    return this.update(transaction, { props: current.props, state, version: 0 }, current);
  }

  /** The content that the caller has, where that is known. */
  #shownBefore(before: Shown | undefined): string | undefined {
    const { tag } = this.#basis;
    if (tag === undefined || before === undefined) return undefined;
    return this.#services.contents.find(this.key, tag, () => this.#content(before).text);
  }

  #content(current: Shown): Content {
    const { component, instance } = this.key;
    const { principal, now } = this.#context;
    const frame = {
      ...{ id: { component, instance }, version: current.version, principal },
      ...{ page: undefined, refused: undefined },
      desk: deskFor(this.component, this.#services.uploads?.seals, { key: this.key, props: current.props, now }),
    };
    return this.#services.render(this.component, current, frame);
  }

  async #children(
    transaction: WriteTransaction,
    content: Content,
  ): Promise<Readonly<Record<string, string>> | undefined> {
    if (content.children.length === 0) return undefined;
    const { principal, now, attempt } = this.#context;
    const elements = await this.#services.mounter.children(content, {
      ...{ principal, now, transaction, tenant: attempt.tenant, csrfToken: "", newKey: () => "", back: "" },
      known: this.#basis.children,
      mounted: new Set([formatComponentId(this.key)]),
      eager: new Set(),
    });
    return elements.size === 0 ? undefined : Object.fromEntries(elements);
  }

  #sealed({ version, props, state }: Shown): string {
    const seed = { base: version, props, state: { value: state }, now: this.#context.now };
    return this.#services.keeper.seed(this.key, seed);
  }

  async #fromSeed(transaction: WriteTransaction, seed: Seed, { version, held, bytes }: Stored): Promise<Current> {
    const { props, state } = seed;
    const known = this.component.replayTolerated ? seed.base : version;
    if (state !== undefined && this.component.mode !== "none")
      return { props, state: state.value, version: known, bytes };
    return { props, state: await this.#mounted(transaction, props, held?.state), version: known, bytes };
  }

  /** A component nobody has rendered yet, with the props it has when a page gives none. */
  async #fresh(transaction: WriteTransaction, { version, bytes }: Stored): Promise<Current | Denial> {
    const { component } = this;
    const props = component.props === undefined ? { value: undefined } : check(component.props, {});
    if (props === undefined) return deny(liveProblems.STATE_INVALID, { extensions: REFRESH });
    const state = await this.#mounted(transaction, props.value, undefined);
    return { props: props.value, state, version, bytes, unshown: true };
  }

  async #mounted(transaction: WriteTransaction, props: unknown, previous: unknown): Promise<unknown> {
    const { component } = this;
    const state = await component.mount({ ...this.#surroundings(), props, transaction, previous });
    return requireFit(component.state, state, `mount of ${component.name} made a state`);
  }

  #surroundings(): Surroundings {
    const { attempt, principal, now, stepKey } = this.#context;
    return { attempt, principal, now, stepKey, tenant: this.key.tenant, instance: this.key.instance };
  }

  /** The state as it will be read back. */
  #checked(state: unknown): unknown {
    const subject = `The action ${this.#context.attempt.action} answered a state of ${this.component.name}`;
    return requireFit(this.component.state, state, subject);
  }
}

/** The denial of a sealed state that does not open for whoever shows it. */
export function stateInvalid(what: "seed" | "state", { component, instance }: ComponentId): Denial {
  return deny(liveProblems.STATE_INVALID, {
    event: events.crypt_decrypt_fail,
    context: { what, component, instance },
    extensions: REFRESH,
  });
}
