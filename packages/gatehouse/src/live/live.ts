import type { Hono } from "hono";
import { html, type Html } from "../html/html.ts";
import type { Edge } from "../http/edge.ts";
import type { Inbound } from "../http/inbound.ts";
import type { AnyAction } from "../kernel/action.ts";
import type { Clock } from "../kernel/clock.ts";
import { base64url } from "../kernel/codec.ts";
import { deny, type Denial } from "../kernel/outcome.ts";
import type { Documents } from "../kernel/ports/documents.ts";
import type { Store } from "../kernel/ports/store.ts";
import type { Random } from "../kernel/random.ts";
import type { Sealer } from "../kernel/seal.ts";
import type { PageFrame } from "./act.ts";
import { clientPath, readClientBundle, type ClientBundle } from "./client-bundle.ts";
import { componentActions } from "./component-action.ts";
import { instanceFor, type ComponentId } from "./component-id.ts";
import type { AnyLiveComponent, LiveComponent } from "./component.ts";
import { pageElement } from "./content.ts";
import { liveProblems } from "./problems.ts";
import { liveRoutes, type RefusedPage, type RouteParts } from "./routes.ts";
import { check } from "./schema.ts";
import { DEFAULT_STATE_QUOTA, ownerOf, StateKeeper, type Held, type StateQuota } from "./state.ts";

/** What live components are run with. */
export interface LiveParts {
  readonly components: readonly AnyLiveComponent[];
  readonly edge: Edge;
  readonly store: Store;
  readonly documents: Documents;
  readonly sealer: Pick<Sealer, "seal" | "open" | "openStored">;
  readonly clock: Clock;
  readonly random: Random;
  /** Milliseconds a state is kept after its last change. Default: one day. */
  readonly lifetime?: number;
  /** The most that is stored for one session. Default: 500 components and 4 MiB. */
  readonly quota?: StateQuota;
  /** Frames the page that shows a refused form to browsers without scripts; a plain document by default. */
  readonly frame?: RefusedFrame;
  /** The browser runtime. Default: the one of this package. */
  readonly client?: ClientBundle;
}

/** A refused form on its way to a browser without scripts. */
export interface RefusedContent {
  readonly inbound: Inbound;
  /** Name of the component the form belongs to. */
  readonly component: string;
  /** The component, with what was sent and what was wrong. */
  readonly content: Html;
  /** What the head of the page needs. */
  readonly head: Html;
  /** Path of the page the form was on; `/` where it did not say. */
  readonly back: string;
}

/** Makes the page around a refused form; nothing where it leaves that to a plain document. */
export type RefusedFrame = (refused: RefusedContent) => Promise<Html> | Html | undefined;

/** What a page says about a component it mounts. */
export interface MountOptions<Props> {
  readonly inbound: Inbound;
  /** Tells several of one kind on a page, or in a session, apart. Default `main`. */
  readonly instance?: string;
  readonly props?: Props;
}

/** The live components of an application. */
export interface Live {
  /** One action at the gate for each action of each component. */
  readonly actions: readonly AnyAction[];
  /** The action endpoint, the refresh of security tokens, and the browser runtime. */
  readonly routes: Hono;
  /**
   * Renders a component for a page.
   * @throws {TypeError} when the component is not registered, or its props do not fit its schema
   */
  mount<Props>(component: LiveComponent<Props>, options: MountOptions<Props>): Promise<Html>;
  /** What the head of every page with components needs: the security token and the browser runtime. */
  head(inbound: Inbound): Html;
}

const DAY = 24 * 60 * 60 * 1000;
const KEY_BYTES = 16;
const TOO_OLD = "This page is too old; please reload it.";

/**
 * Live components over an edge. Give `actions` to the gate and `routes` to the application.
 * @throws {TypeError} when two components have one name
 */
export function createLive(parts: LiveParts): Live {
  return new LivePages(parts);
}

class LivePages implements Live, RouteParts {
  readonly actions: readonly AnyAction[];
  readonly routes: Hono;
  readonly client: ClientBundle;
  readonly edge: Edge;
  readonly #parts: LiveParts;
  readonly #keeper: StateKeeper;
  readonly #components = new Map<string, AnyLiveComponent>();

  constructor(parts: LiveParts) {
    const { documents, sealer, lifetime = DAY, quota = DEFAULT_STATE_QUOTA } = parts;
    this.#parts = parts;
    this.edge = parts.edge;
    this.client = parts.client ?? readClientBundle();
    this.#keeper = new StateKeeper({ documents, sealer, lifetime, quota });
    for (const component of parts.components) {
      if (this.#components.has(component.name)) throw new TypeError(`Two components are named ${component.name}.`);
      this.#components.set(component.name, component);
    }
    this.actions = parts.components.flatMap((component) => componentActions(component, this.#keeper));
    this.routes = liveRoutes(this);
  }

  has(name: string): boolean {
    return this.#components.has(name);
  }

  head(inbound: Inbound): Html {
    return html`<meta name="csrf-token" content=${this.edge.csrfToken(inbound)} />
      <script type="module" src=${clientPath(this.client)} nonce=${inbound.nonce}></script>`;
  }

  async mount<Props>(component: LiveComponent<Props>, options: MountOptions<Props>): Promise<Html> {
    if (this.#components.get(component.name) !== component) {
      throw new TypeError(`The component ${component.name} is not registered; add it to the components of createLive.`);
    }
    const props = propsOf(component, options.props);
    const instance = instanceFor(options.instance ?? "main", component.props === undefined ? undefined : props);
    const page = await this.#page({ component, instance, props: { value: props } }, options.inbound, undefined);
    if (page === undefined) throw new TypeError(`The props of ${component.name} are missing.`);
    return page;
  }

  async refused(id: ComponentId, inbound: Inbound, refused: RefusedPage): Promise<Html | Denial> {
    const component = this.#components.get(id.component);
    if (component === undefined) throw new TypeError(`There is no component ${id.component}.`);
    const content = await this.#page({ component, instance: id.instance, props: undefined }, inbound, refused);
    if (content === undefined) return deny(liveProblems.STATE_INVALID, { detail: TOO_OLD });
    const head = this.head(inbound);
    const back = refused.back ?? "/";
    const framed = await this.#parts.frame?.({ inbound, component: component.name, content, head, back });
    return framed ?? plainFrame(head, content);
  }

  /** The element of a component, or `undefined` where nobody knows its props any more. */
  async #page(subject: Subject, inbound: Inbound, refused: RefusedPage | undefined): Promise<Html | undefined> {
    const { component, instance } = subject;
    const { edge, store, clock, random } = this.#parts;
    const principal = await edge.sessions.principal(inbound);
    const { tenant } = inbound;
    const key = { tenant, component: component.name, instance, owner: ownerOf(principal) };
    const now = clock.now();
    const mounted = await store.read(async (transaction) => {
      const stored = await this.#keeper.read(transaction, component, key);
      const sealed = refused?.seed;
      const seed = sealed === undefined ? undefined : this.#keeper.openSeed(component, key, { sealed, now });
      const known =
        typeof seed === "object" ? { value: seed.props } : (subject.props ?? fitProps(component, stored.held?.props));
      if (known === undefined) return undefined;
      const props = known.value;
      const context = { props, principal, tenant, instance, transaction, now, previous: stored.held?.state };
      const held: Held = { props, state: checkedState(component, await component.mount(context)) };
      return { held, version: stored.version };
    });
    if (mounted === undefined) return undefined;
    const { held, version } = mounted;
    const seed = { base: version, props: held.props, now };
    const page: PageFrame = {
      csrfToken: edge.csrfToken(inbound),
      seed: this.#keeper.seed(key, { ...seed, state: { value: held.state } }),
      formSeed: this.#keeper.seed(key, { ...seed, state: undefined }),
      back: inbound.method === "GET" ? inbound.url.pathname + inbound.url.search : (refused?.back ?? "/"),
      newKey: () => base64url(random.bytes(KEY_BYTES)),
    };
    return pageElement(component, held, {
      id: { component: component.name, instance },
      version,
      page,
      refused,
      principal,
    });
  }
}

interface Subject {
  readonly component: AnyLiveComponent;
  readonly instance: string;
  /** What the page gave; absent where the stored ones hold. */
  readonly props: { readonly value: unknown } | undefined;
}

function fitProps(component: AnyLiveComponent, props: unknown): { readonly value: unknown } | undefined {
  return component.props === undefined ? { value: undefined } : check(component.props, props ?? {});
}

function propsOf(component: AnyLiveComponent, props: unknown): unknown {
  const checked = fitProps(component, props);
  if (checked === undefined) throw new TypeError(`The props given to ${component.name} do not fit its schema.`);
  return checked.value;
}

function checkedState(component: AnyLiveComponent, state: unknown): unknown {
  const checked = check(component.state, state);
  if (checked === undefined) throw new TypeError(`mount of ${component.name} made a state that its schema refuses.`);
  return checked.value;
}

function plainFrame(head: Html, content: Html): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>Please check what you entered</title>
        ${head}
      </head>
      <body>
        <main>
          <h1>Please check what you entered</h1>
          ${content}
        </main>
      </body>
    </html>`;
}
