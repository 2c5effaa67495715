import type { Principal } from "../kernel/attempt.ts";
import type { ReadTransaction } from "../kernel/ports/store.ts";
import type { PageFrame, RefusedForm } from "./act.ts";
import { formatComponentId, type ComponentId } from "./component-id.ts";
import type { AnyLiveComponent, ViewContext } from "./component.ts";
import { fillSlots, fitProps, type Child, type Content, type RenderContent } from "./content.ts";
import { componentElement, laterElement } from "./element.ts";
import type { TopicTokens } from "./push/topics.ts";
import { requireFit } from "./schema.ts";
import { deskFor, type UploadDesk } from "./upload-desk.ts";
import type { UploadSeals } from "./upload-seal.ts";
import { ownerOf, type Held, type Seed, type StateKeeper } from "./state.ts";
import type { StateKey } from "./state-key.ts";

/** Whom components are mounted for, and what the elements need to work without scripts. */
export interface MountFrame {
  readonly principal: Principal;
  readonly tenant: string;
  readonly transaction: ReadTransaction;
  /** Epoch milliseconds. */
  readonly now: number;
  /** `""` in what scripts put into a page: they fill it in. */
  readonly csrfToken: string;
  readonly newKey: () => string;
  /** Path of the page. */
  readonly back: string;
  /** Names of components that are already there, or still to be left out. */
  readonly known: ReadonlySet<string>;
  /** Names of those that have been mounted together with the same one, at whatever depth. */
  readonly mounted: Set<string>;
  /** Names of components that are mounted at once although the page would load them later. */
  readonly eager: ReadonlySet<string>;
}

/** What is mounted. */
export interface MountSubject {
  readonly component: AnyLiveComponent;
  readonly instance: string;
  /** What the page gave; absent where the stored ones hold. */
  readonly props: { readonly value: unknown } | undefined;
  /** The state a page has that nothing newer has replaced. */
  readonly seed?: Seed | undefined;
  /** A form of it that was refused. */
  readonly refused?: RefusedForm | undefined;
}

/** A component mounted for a page. */
export interface Mounted {
  readonly id: ComponentId;
  readonly version: number;
  readonly seed: string;
  readonly held: Held;
  /** The token of its topics, where it has any. */
  readonly topics: string | undefined;
  /** The content as scripts have it: without what a page adds for forms. */
  readonly content: () => Content;
  /** The element, with the children that are not known yet inside it. */
  readonly element: () => Promise<string>;
}

const DEEPEST = 8;
const MOST_CHILDREN = 200;

/** What components are mounted with. */
export interface MounterParts {
  readonly keeper: StateKeeper;
  readonly find: (name: string) => AnyLiveComponent | undefined;
  readonly tokens: TopicTokens;
  /** Absent where no component has upload fields. */
  readonly seals: UploadSeals | undefined;
  readonly render: RenderContent;
}

/** Mounts components, and the components inside them. */
export class Mounter {
  readonly #keeper: StateKeeper;
  readonly #find: MounterParts["find"];
  readonly #tokens: TopicTokens;
  readonly #seals: UploadSeals | undefined;
  readonly #render: RenderContent;

  constructor({ keeper, find, tokens, seals, render }: MounterParts) {
    this.#keeper = keeper;
    this.#find = find;
    this.#tokens = tokens;
    this.#seals = seals;
    this.#render = render;
  }

  /**
   * Mounts a component; `undefined` where it is not to be shown, and where nobody knows its props any more.
   * @throws {TypeError} when it or a component inside it is not registered
   */
  async mount(subject: MountSubject, frame: MountFrame, depth = 0): Promise<Mounted | undefined> {
    const { component, instance } = subject;
    this.#ensureRegistered(component);
    const { principal, tenant, now, transaction } = frame;
    const key: StateKey = { tenant, component: component.name, instance, owner: ownerOf(principal) };
    const stored = await this.#keeper.read(transaction, component, key);
    // What neither a page nor the store knows has been shown to nobody: a name alone does not show it.
    const known = subject.seed ?? subject.props ?? (stored.held && fitProps(component, stored.held.props));
    if (known === undefined) return undefined;
    const props = "value" in known ? known.value : known.props;
    if (component.visible?.({ principal, props, tenant, instance }) === false) return undefined;
    const newest = subject.seed !== undefined && isNewest(component, subject.seed, stored.version);
    const previous = (newest ? subject.seed?.state?.value : undefined) ?? stored.held?.state;
    const context = { props, principal, tenant, instance, transaction, now, previous };
    const mounted = await component.mount(context);
    const state = requireFit(component.state, mounted, `mount of ${component.name} made a state`);
    const held: Held = { props, state };
    return this.#mounted(subject, { ...frame, key, held, version: stored.version }, depth);
  }

  /**
   * The elements of the children of a content that are not known yet, by name.
   * @throws {TypeError} when there are too many, or one of them is there twice, at whatever depth
   */
  async children(content: Content, frame: MountFrame, depth = 0): Promise<ReadonlyMap<string, string>> {
    const elements = new Map<string, string>();
    const missing = content.children.filter(({ id }) => !frame.known.has(formatComponentId(id)));
    if (depth >= DEEPEST || missing.length > MOST_CHILDREN) {
      throw new TypeError(`Components contain each other without an end, or more than ${MOST_CHILDREN} at once.`);
    }
    for (const child of missing) elements.set(formatComponentId(child.id), await this.#child(child, frame, depth));
    return elements;
  }

  async #child(child: Child, frame: MountFrame, depth: number): Promise<string> {
    const { component, id, props, load } = child;
    const { principal, tenant } = frame;
    if (component.visible?.({ principal, props, tenant, instance: id.instance }) === false) return "";
    if (load !== undefined && !frame.eager.has(formatComponentId(id))) return this.#later(child, frame);
    noteOnce(id, frame.mounted);
    const mounted = await this.mount({ component, instance: id.instance, props: { value: props } }, frame, depth + 1);
    return (await mounted?.element()) ?? "";
  }

  #later(child: Child, { tenant, principal, now, back }: MountFrame): string {
    this.#ensureRegistered(child.component);
    const key = { tenant, ...child.id, owner: ownerOf(principal) };
    const seed = this.#keeper.seed(key, { base: 0, props: child.props, state: undefined, now });
    const separator = back.includes("?") ? "&" : "?";
    const href = `${back}${separator}${new URLSearchParams({ [EAGER]: formatComponentId(child.id) }).toString()}`;
    return laterElement(child, { seed, href });
  }

  #mounted(
    { component, instance, refused }: MountSubject,
    frame: MountFrame & { readonly key: StateKey; readonly held: Held; readonly version: number },
    depth: number,
  ): Mounted {
    const { key, held, version, principal, now, csrfToken, newKey, back } = frame;
    const id = { component: component.name, instance };
    const basis = { base: version, props: held.props, now };
    // A state that is made anew for every rendering need not travel.
    const carried = component.mode === "none" ? undefined : { value: held.state };
    const seed = this.#keeper.seed(key, { ...basis, state: carried });
    const topics = this.#topicsOf(component, { props: held.props, tenant: key.tenant, instance, principal }, now);
    const desk = (): UploadDesk | undefined => deskFor(component, this.#seals, { key, props: held.props, now });
    return {
      ...{ id, version, seed, held, topics },
      content: () =>
        this.#render(component, held, { id, version, page: undefined, refused: undefined, principal, desk: desk() }),
      element: async () => {
        // A form without scripts mounts the state again, unless the page is the only place it is in.
        const formSeed = component.mode === "sealed" ? seed : this.#keeper.seed(key, { ...basis, state: undefined });
        const page: PageFrame = { csrfToken, seed, formSeed, back, newKey };
        const contentFrame = { id, version, page, refused, principal, topics, desk: desk() };
        const shown = this.#render(component, held, contentFrame);
        const elements = await this.children(shown, frame, depth);
        return componentElement(component, contentFrame, { ...shown, text: fillSlots(shown.text, elements) });
      },
    };
  }

  /** The token by which a page hears of news of a component. */
  #topicsOf(component: AnyLiveComponent, context: ViewContext<unknown>, now: number): string | undefined {
    const topics = component.topics?.(context) ?? [];
    const { tenant, instance, principal } = context;
    const key = { tenant, component: component.name, instance, owner: ownerOf(principal) };
    // A rule is asked again whenever a stream begins.
    const asked = component.visible === undefined ? {} : { props: context.props };
    return this.#tokens.seal(key, { topics, now, ...asked });
  }

  #ensureRegistered(component: AnyLiveComponent): void {
    if (this.#find(component.name) !== component) throw notRegistered(component);
  }
}

/** What is thrown for a component that nobody has listed. */
export function notRegistered({ name }: { readonly name: string }): TypeError {
  return new TypeError(`The component ${name} is not registered; add it to the components that open returns.`);
}

/** Two of one name would share their state, and the browser would show the news of one of them alone. */
function noteOnce(id: ComponentId, mounted: Set<string>): void {
  const name = formatComponentId(id);
  if (mounted.has(name))
    throw new TypeError(`Components inside each other contain ${name} twice; give each an instance of its own.`);
  mounted.add(name);
}

/** Query member that names a component to be mounted at once. */
export const EAGER = "live";

/** Whether nothing newer than a page's state is kept. Where nothing is kept at all, there is nothing newer. */
export function isNewest(component: AnyLiveComponent, { base }: Seed, version: number): boolean {
  return component.replayTolerated || component.mode === "none" || base === version;
}
