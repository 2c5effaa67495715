import type { Hono } from "hono";
import { html, type Html } from "../html/html.ts";
import type { BodyPace } from "../http/body-stream.ts";
import type { Edge } from "../http/edge.ts";
import type { Inbound } from "../http/inbound.ts";
import type { ServerTimings } from "../http/server-timing.ts";
import type { AnyAction } from "../kernel/action.ts";
import { recordRefused } from "../kernel/attempt-event.ts";
import type { Clock } from "../kernel/clock.ts";
import { base64url } from "../kernel/codec.ts";
import type { EventStream } from "../kernel/event-stream.ts";
import type { Ids } from "../kernel/ids.ts";
import { deny, type Denial } from "../kernel/outcome.ts";
import type { Bans } from "../kernel/ports/bans.ts";
import type { Bus } from "../kernel/ports/bus.ts";
import type { Documents } from "../kernel/ports/documents.ts";
import type { Store } from "../kernel/ports/store.ts";
import type { Random } from "../kernel/random.ts";
import type { Sealer } from "../kernel/seal.ts";
import { systemTimers, type Timers } from "../kernel/timers.ts";
import { clientPath, readClientBundle, withoutInspector, type ClientBundle } from "./client-bundle.ts";
import { componentActions } from "./component-action.ts";
import { formatComponentId, instanceFor, type ComponentId } from "./component-id.ts";
import type { AnyLiveComponent, LiveComponent } from "./component.ts";
import { propsOf, renderContent, type RenderContent } from "./content.ts";
import { ownHtml } from "./element.ts";
import { inspectorMark, type InspectorOptions } from "./inspector.ts";
import type { LiveServices } from "./instance.ts";
import { loadAction, loadPolicy } from "./load-action.ts";
import { EAGER, Mounter, notRegistered, type MountSubject } from "./mounter.ts";
import { pageStateOf } from "./page-state.ts";
import { liveProblems } from "./problems.ts";
import { plainFrame } from "./plain-frame.ts";
import { connectionMark } from "./push/connection-mark.ts";
import { pushSettings, type PushOptions } from "./push/options.ts";
import { Push } from "./push/push.ts";
import { streamActions } from "./push/stream-action.ts";
import { liveRoutes, type RefusedPage, type RouteParts } from "./routes.ts";
import { RecentContents } from "./recent-contents.ts";
import type { UploadStorage } from "./upload-intake.ts";
import { createLiveUploads } from "./uploads.ts";
import { DEFAULT_STATE_QUOTA, ownerOf, StateKeeper, type StateQuota } from "./state.ts";

/** What live components are run with. */
export interface LiveParts {
  readonly components: readonly AnyLiveComponent[];
  readonly edge: Edge;
  readonly store: Store;
  readonly documents: Documents;
  readonly sealer: Pick<Sealer, "seal" | "open" | "openStored">;
  readonly clock: Clock;
  readonly random: Random;
  readonly ids: Ids;
  readonly events: EventStream;
  /**
   * Milliseconds a state is kept after its last change, and a component may be asked for after its page was shown.
   * Default: as long as a session lasts without use, since both belong to the session.
   */
  readonly lifetime?: number;
  /** Requests that load or refresh components, and the seconds they are counted in. Default 120 in 60; ten times as many for the strangers of one address together. */
  readonly loadLimit?: { readonly limit: number; readonly window: number };
  /** Between the servers of the installation, for `publish`. Default: there is one server. */
  readonly bus?: Bus;
  /** Ends the streams of whoever is banned. Default: nobody is. */
  readonly bans?: Pick<Bans, "find">;
  /** Ranges whose callers are not refused. */
  readonly trustedCidrs?: readonly string[];
  /** How open pages hear what became stale, and its bounds. */
  readonly push?: PushOptions;
  /** Default: the machine's. */
  readonly timers?: Timers;
  /** Receives failures of the bus, and of looking at a session in the background. */
  readonly report?: (error: unknown) => void;
  /** The most that is stored for one session. Default: 500 components and 4 MiB. */
  readonly quota?: StateQuota;
  /** Has every page offer the inspector to whoever looks at it. For development alone. Default: there is none. */
  readonly inspector?: InspectorOptions;
  /** Measures how long contents take to render. For development, as in `EdgeParts`. */
  readonly timings?: Pick<ServerTimings, "measure">;
  /** Where uploaded files go. Needed where a component has upload fields. */
  readonly uploads?: UploadStorage;
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

/** The live components of an application. Disposing it ends the streams to open pages. */
export interface Live extends AsyncDisposable {
  /** One action at the gate for each action of each component. */
  readonly actions: readonly AnyAction[];
  /** The action endpoint, the refresh of security tokens, and the browser runtime. */
  readonly routes: Hono;
  /**
   * Renders a component for a page; nothing for whom it is not visible.
   * @throws {TypeError} when the component is not registered, or its props do not fit its schema
   */
  mount<Props>(component: LiveComponent<Props>, options: MountOptions<Props>): Promise<Html>;
  /**
   * Says that whatever follows a topic is stale: open pages of the tenant, on every server, ask for fresh content.
   * Actions of components use `publish` of their context, and others `afterCommit`, so that nobody asks too early.
   * @throws {TypeError} when the topic is malformed
   */
  publish(tenant: string, topic: string): void;
  /** What the head of every page with components needs: the security token and the browser runtime. */
  head(inbound: Inbound): Html;
}

/** Requests to load components, in seconds; of strangers, whom only their address tells apart, ten times as many. */
const LOAD_LIMIT = { limit: 120, window: 60 };
const KEY_BYTES = 16;
/** Characters of contents that are remembered, to say what changes in them. */
const REMEMBERED = 8 * 1024 * 1024;
const TOO_OLD = "This page is too old; please reload it.";

/**
 * Live components over an edge. Give `actions` to the gate and `routes` to the application.
 * @throws {TypeError} when two components have one name, or one has upload fields and there is nowhere to store files
 */
export function createLive(parts: LiveParts): Live {
  return new LivePages(parts);
}

class LivePages implements Live, RouteParts {
  readonly actions: readonly AnyAction[];
  readonly routes: Hono;
  readonly client: ClientBundle;
  readonly edge: Edge;
  readonly pace: BodyPace | undefined;
  readonly push: Push;
  readonly #parts: LiveParts;
  readonly #keeper: StateKeeper;
  readonly #mounter: Mounter;
  readonly #components = new Map<string, AnyLiveComponent>();
  /** Tells pages of the inspector, and of connections that take news along. */
  readonly #marks: Html;

  constructor(parts: LiveParts) {
    const { documents, sealer, lifetime = parts.edge.sessions.idle, quota = DEFAULT_STATE_QUOTA } = parts;
    this.#parts = parts;
    this.edge = parts.edge;
    this.pace = parts.uploads?.pace;
    const client = parts.client ?? readClientBundle();
    this.client = parts.inspector === undefined ? withoutInspector(client) : client;
    for (const component of parts.components) {
      if (this.#components.has(component.name)) throw new TypeError(`Two components are named ${component.name}.`);
      this.#components.set(component.name, component);
    }
    const inspector = parts.inspector && inspectorMark(parts.components, parts.inspector);
    this.#marks = html`${inspector}${connectionMark(pushSettings(parts.push))}`;
    const find = (name: string): AnyLiveComponent | undefined => this.#components.get(name);
    this.#keeper = new StateKeeper({ documents, sealer, lifetime, quota });
    this.push = openPush(parts, lifetime);
    const uploads = createLiveUploads(parts, lifetime);
    const render = renderWith(parts.timings);
    const { tokens } = this.push;
    this.#mounter = new Mounter({ keeper: this.#keeper, find, tokens, seals: uploads?.seals, render });
    const contents = new RecentContents(REMEMBERED);
    const record: LiveServices["record"] = ({ attempt, principal }, denial) =>
      recordRefused(parts, { attempt, principal, action: attempt.action }, denial);
    const own = { keeper: this.#keeper, mounter: this.#mounter, push: this.push };
    const services = { ...own, find, contents, uploads, render, record };
    const actions = parts.components.flatMap((component) => componentActions(component, services));
    const load = loadAction(services, [loadPolicy(parts.loadLimit ?? LOAD_LIMIT)]);
    this.actions = [...actions, load, ...openStreams(parts, this.push, find), ...(uploads?.actions ?? [])];
    this.routes = liveRoutes(this);
  }

  publish(tenant: string, topic: string): void {
    this.push.publish(tenant, topic);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.push[Symbol.asyncDispose]();
  }

  has(name: string, action?: string): boolean {
    const component = this.#components.get(name);
    return component !== undefined && (action === undefined || Object.hasOwn(component.actions, action));
  }

  hasUpload(component: string, field: string): boolean {
    const fields = this.#components.get(component)?.uploads;
    return fields !== undefined && Object.hasOwn(fields, field);
  }

  head(inbound: Inbound): Html {
    return html`<meta name="csrf-token" content=${this.edge.csrfToken(inbound)} />
      ${this.#marks}<script type="module" src=${clientPath(this.client)} nonce=${inbound.nonce}></script>`;
  }

  async mount<Props>(component: LiveComponent<Props>, options: MountOptions<Props>): Promise<Html> {
    if (this.#components.get(component.name) !== component) throw notRegistered(component);
    const props = propsOf(component, options.props);
    const instance = instanceFor(options.instance ?? "main", component.props === undefined ? undefined : props);
    const element = await this.#element({ component, instance, props: { value: props } }, options.inbound, undefined);
    return ownHtml(element ?? "");
  }

  async refused(id: ComponentId, inbound: Inbound, refused: RefusedPage): Promise<Html | Denial> {
    const component = this.#components.get(id.component);
    if (component === undefined) throw new TypeError(`There is no component ${id.component}.`);
    const element = await this.#element({ component, instance: id.instance, props: undefined }, inbound, refused);
    if (element === undefined) return deny(liveProblems.STATE_INVALID, { detail: TOO_OLD });
    const content = ownHtml(element);
    const head = this.head(inbound);
    const back = refused.back ?? "/";
    const framed = await this.#parts.frame?.({ inbound, component: component.name, content, head, back });
    return framed ?? plainFrame(head, content);
  }

  /** The state a form without scripts has left in the address, for components that keep theirs nowhere else. */
  #pageState({ component, instance }: MountSubject, { method, url }: Inbound): string | undefined {
    const isKeptThere = component.mode === "sealed" && method === "GET";
    return isKeptThere ? pageStateOf(url, { component: component.name, instance }) : undefined;
  }

  /** The element of a component, or `undefined` where nobody knows its props any more. */
  async #element(
    subject: MountSubject,
    inbound: Inbound,
    refused: RefusedPage | undefined,
  ): Promise<string | undefined> {
    const { edge, store, clock, random } = this.#parts;
    const { tenant } = inbound;
    const principal = await edge.sessions.principal(inbound);
    const now = clock.now();
    const frame = {
      ...{ principal, tenant, now, csrfToken: edge.csrfToken(inbound) },
      back: inbound.method === "GET" ? inbound.url.pathname + inbound.url.search : (refused?.back ?? "/"),
      newKey: () => base64url(random.bytes(KEY_BYTES)),
      known: new Set<string>(),
      mounted: new Set([formatComponentId({ component: subject.component.name, instance: subject.instance })]),
      eager: new Set(inbound.url.searchParams.getAll(EAGER)),
    };
    const key = { tenant, component: subject.component.name, instance: subject.instance, owner: ownerOf(principal) };
    const sealed = refused === undefined ? this.#pageState(subject, inbound) : refused.seed;
    const opened = sealed === undefined ? undefined : this.#keeper.openSeed(subject.component, key, { sealed, now });
    const seed = opened === "damaged" ? undefined : opened;
    return store.read(async (transaction) => {
      const mounted = await this.#mounter.mount({ ...subject, seed, refused }, { ...frame, transaction });
      return mounted?.element();
    });
  }
}

/** Renders contents, and measures it where there is somebody to tell. */
function renderWith(timings: LiveParts["timings"]): RenderContent {
  if (timings === undefined) return renderContent;
  return (component, held, frame) =>
    timings.measure({ name: "render", of: component.name }, () => renderContent(component, held, frame));
}

/** What tells open pages. It ends with the server, and streams end with their sessions. */
function openPush({ edge, bus, sealer, clock, random, timers, push, report }: LiveParts, lifetime: number): Push {
  const opened = new Push({
    ...{ bus, sealer, clock, random, lifetime },
    timers: timers ?? systemTimers,
    settings: pushSettings(push),
    report: report ?? (() => undefined),
  });
  edge.sessions.onEnd((session) => opened.endSession(session));
  edge.stopping.addEventListener("abort", () => opened.stop());
  return opened;
}

function openStreams(
  { edge, bans, trustedCidrs = [], push: options }: LiveParts,
  push: Push,
  find: (name: string) => AnyLiveComponent | undefined,
): readonly AnyAction[] {
  return streamActions({ push, find, sessions: edge.sessions, bans, trustedCidrs, ...pushSettings(options) });
}
