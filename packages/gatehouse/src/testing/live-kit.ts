import { Hono } from "hono";
import { createTrustedProxies } from "../guards/address.ts";
import { auditGuard } from "../guards/audit.ts";
import { authenticateGuard } from "../guards/authenticate.ts";
import { authoriseGuard } from "../guards/authorise.ts";
import { createCsrfTokens } from "../guards/csrf-token.ts";
import { csrfGuard } from "../guards/csrf.ts";
import { idempotencyGuard } from "../guards/idempotency.ts";
import { limitGuard } from "../guards/limit.ts";
import { originGuard } from "../guards/origin.ts";
import { validateGuard } from "../guards/validate.ts";
import { html, type Renderable } from "../html/html.ts";
import { createEdge, type Edge } from "../http/edge.ts";
import type { Inbound } from "../http/inbound.ts";
import { createEventStream } from "../kernel/event-stream.ts";
import type { SecurityEvent } from "../kernel/event.ts";
import { createGate, type Gate } from "../kernel/gate.ts";
import { createIds } from "../kernel/ids.ts";
import { generateKeyMaterial } from "../kernel/key-material.ts";
import { createKeyRing, type KeyRing } from "../kernel/key-ring.ts";
import type { Bans } from "../kernel/ports/bans.ts";
import type { Bus } from "../kernel/ports/bus.ts";
import type { Documents } from "../kernel/ports/documents.ts";
import type { Migration, Store } from "../kernel/ports/store.ts";
import type { UploadPorts } from "../kernel/ports/uploads.ts";
import { systemRandom } from "../kernel/random.ts";
import { createSealer, type Sealer } from "../kernel/seal.ts";
import type { ClientBundle } from "../live/client-bundle.ts";
import { parseComponentId } from "../live/component-id.ts";
import type { AnyLiveComponent } from "../live/component.ts";
import { createLive, type Live, type LiveParts } from "../live/live.ts";
import type { PushOptions } from "../live/push/options.ts";
import type { UploadStorage } from "../live/upload-intake.ts";
import { UploadSeals } from "../live/upload-seal.ts";
import { DEFAULT_STATE_QUOTA, StateKeeper, type StateQuota } from "../live/state.ts";
import { createMemoryBus } from "../store/memory/memory-bus.ts";
import { createMemoryUploads } from "../store/memory/memory-uploads.ts";
import { createMemoryCounters, type MemoryCounters } from "../store/memory/memory-counters.ts";
import { coreMigrations } from "../store/migrations/core-migrations.ts";
import { createAuditTrail } from "../store/sql/audit-trail.ts";
import { createDocuments } from "../store/sql/documents.ts";
import { createIdempotencyRecords } from "../store/sql/idempotency-records.ts";
import { createSessions } from "../store/sql/sessions.ts";
import { createUploadRecords } from "../store/sql/media/upload-records.ts";
import { openSqliteStore } from "../store/sqlite/sqlite-store.ts";
import { ConnectionLostError, createCrashingStore, type CrashPoint } from "./crash.ts";
import { createFakeClock, type FakeClock } from "./fake-clock.ts";
import { LiveVisitor } from "./live-visitor.ts";
import { SIGN_IN_PATH, signInAction, type TestIdentity } from "./sign-in.ts";

/** What a kit is opened with. */
export interface LiveKitOptions {
  readonly components: readonly AnyLiveComponent[];
  /** Tables of the components' own, after those of Gatehouse. */
  readonly migrations?: readonly Migration[];
  /** Attempts by principal and action where an action names no limit of its own. Default 60 in 60 seconds. */
  readonly limit?: { readonly limit: number; readonly window: number };
  /** See `LiveParts.lifetime`. */
  readonly lifetime?: number;
  /** The most that is stored for one session. */
  readonly quota?: StateQuota;
  /** Requests that load or refresh components, and the seconds they are counted in; see `LiveParts.loadLimit`. */
  readonly loadLimit?: LiveParts["loadLimit"];
  /** Between several kits, as between the servers of an installation. Default: a bus of its own, in memory. */
  readonly bus?: Bus;
  /** Bounds of the streams by which open pages hear of news. */
  readonly push?: PushOptions;
  /** Who is banned. Default: nobody. */
  readonly bans?: Pick<Bans, "find">;
  /** The key ring and the store of another kit, whose pages and sessions this one then knows. Default: its own. */
  readonly beside?: LiveKit;
  /** Where uploaded files go, and how many. Default: memory, with the usual quota. */
  readonly uploads?: Partial<UploadStorage>;
  /** The browser runtime, for kits that serve pages. Default: none is served. */
  readonly client?: ClientBundle;
  /** Has pages offer the inspector. Default: not. */
  readonly inspector?: LiveParts["inspector"];
  /** The body of the page at `/`; all components by default, in their order. */
  readonly page?: (live: Live, inbound: Inbound) => Promise<Renderable>;
}

/** Live components behind every guard, on a store in memory and a clock that stands still. */
export interface LiveKit extends AsyncDisposable {
  readonly live: Live;
  readonly edge: Edge;
  readonly gate: Gate;
  readonly store: Store;
  readonly documents: Documents;
  readonly uploads: UploadPorts;
  readonly counters: MemoryCounters;
  readonly clock: FakeClock;
  readonly keyRing: KeyRing;
  readonly sealer: Sealer;
  /** What has been emitted, in order. */
  readonly events: SecurityEvent[];
  /** Exceptions of actions and guards, which callers see as `INTERNAL_ERROR` alone. */
  readonly errors: unknown[];
  /** Answers requests: the page at `/`, the live routes. */
  readonly handler: ReturnType<Edge["handler"]>;
  /** Somebody with a browser of their own: a session, and the calls made in it. With `as`, somebody who has signed in. */
  visit(options?: { readonly as?: TestIdentity }): Promise<LiveVisitor>;
  /** Has the next change cut off at a point, as if the server had died there: its caller gets a `ConnectionLostError`. */
  crashAfter(point: CrashPoint): void;
  /** Forgets everything counted, as tests between each other want it. */
  resetLimits(): void;
}

/** Default attempts and seconds, as the guide has them. */
const DEFAULT_LIMIT = { limit: 60, window: 60 };

/** Opens a kit. Nothing of it is a stand-in but the clock: guards, store, seals and routes are those of a server. */
export async function openLiveKit(options: LiveKitOptions): Promise<LiveKit> {
  const clock = options.beside?.clock ?? createFakeClock();
  const random = systemRandom;
  const ids = createIds(clock, random);
  const keyRing = options.beside?.keyRing ?? createKeyRing(generateKeyMaterial(random, clock));
  const sealer = createSealer({ keyRing, random, clock });
  const csrfTokens = createCsrfTokens({ keyRing, random });
  const errors: unknown[] = [];
  const report = (error: unknown): void => void errors.push(error);
  const stream = createEventStream(report);
  const events: SecurityEvent[] = [];
  stream.subscribe((event) => events.push(event));
  const migrations = [...coreMigrations, ...(options.migrations ?? [])];
  const own = (): Promise<Store> => openSqliteStore({ memory: true, clock, migrations, report });
  const store = createCrashingStore(options.beside?.store ?? (await own()));
  const bus = options.bus ?? createMemoryBus({ report });
  const counters = createMemoryCounters({ clock });
  const documents = createDocuments();
  const edge = createEdge({
    gate: () => gate,
    store,
    sessions: createSessions(),
    keyRing,
    csrfTokens,
    clock,
    random,
    ids,
    events: stream,
    proxies: createTrustedProxies([]),
    timers: clock,
    report,
  });
  const client = options.client ?? { source: "", hash: "none" };
  const { components, lifetime = edge.sessions.idle, quota = DEFAULT_STATE_QUOTA, loadLimit, push, bans } = options;
  const uploads = { sink: createMemoryUploads(), records: createUploadRecords(), report, ...options.uploads };
  const { inspector } = options;
  const limits = { lifetime, quota, ...(loadLimit === undefined ? {} : { loadLimit }) };
  const shown = inspector === undefined ? {} : { inspector };
  const news = { bus, timers: clock, ...(push === undefined ? {} : { push }), ...(bans === undefined ? {} : { bans }) };
  const parts = { components, edge, store, documents, sealer, clock, random, ids, client, uploads, report };
  const live = createLive({ ...parts, events: stream, ...limits, ...news, ...shown });
  const signIn = signInAction(edge.sessions);
  const guards = [
    originGuard({}),
    csrfGuard({ tokens: csrfTokens, keyRing }),
    authenticateGuard({ authenticators: { session: edge.sessions.authenticator } }),
    limitGuard({ counters, keyRing, clock, defaults: options.limit ?? DEFAULT_LIMIT }),
    validateGuard(),
    authoriseGuard({ store }),
    idempotencyGuard({
      records: createIdempotencyRecords(),
      store,
      keyRing,
      sealer,
      clock,
      random,
      ids,
      timers: clock,
    }),
    auditGuard({ trail: createAuditTrail(), ids, clock }),
  ];
  const gate = createGate({ actions: [...live.actions, signIn], guards, store, events: stream, clock, ids, report });
  const seals = new UploadSeals({ sealer, lifetime });
  const keeper = new StateKeeper({ documents, sealer, lifetime, quota });
  const serve = edge.handler(application(options, live, edge).post(SIGN_IN_PATH, edge.action(signIn)));
  const answer: typeof serve = async (request, connection, bindings) => {
    const response = await serve(request, connection, bindings);
    if (store.hasCrashed()) throw new ConnectionLostError();
    return response;
  };
  const handler: typeof serve = Object.assign(answer, { stop: () => serve.stop?.() });
  return {
    ...{ live, edge, gate, store, documents, uploads, counters, clock, keyRing, sealer, events, errors, handler },
    visit: async ({ as } = {}) => {
      const visitor = await LiveVisitor.arrive({
        handler,
        ticket: (id, field, session) => {
          const parsed = parseComponentId(id);
          const declared = components.find(({ name }) => name === parsed?.component)?.uploads[field];
          if (parsed === undefined || declared === undefined)
            throw new TypeError(`${id} has no upload field ${field}.`);
          const place = { ...parsed, field, tenant: "default", owner: edge.sessions.idOf(session) };
          return seals.ticket(place, declared, { now: clock.now() });
        },
        seed: (id, held, session) => {
          const parsed = parseComponentId(id);
          const component = components.find(({ name }) => name === parsed?.component);
          if (parsed === undefined || component === undefined) throw new TypeError(`There is no component ${id}.`);
          const key = { tenant: "default", ...parsed, owner: edge.sessions.idOf(session) };
          return keeper.seed(key, { props: held.props, state: { value: held.state }, base: 0, now: clock.now() });
        },
      });
      if (as !== undefined) await visitor.signIn(as);
      return visitor;
    },
    crashAfter: (point) => store.crashAfter(point),
    resetLimits: () => void counters.reset(),
    async [Symbol.asyncDispose]() {
      await live[Symbol.asyncDispose]();
      if (options.bus === undefined) await bus[Symbol.asyncDispose]();
      await counters[Symbol.asyncDispose]();
      if (options.beside === undefined) await store[Symbol.asyncDispose]();
    },
  };
}

function application({ components, page }: LiveKitOptions, live: Live, edge: Edge): Hono {
  const app = new Hono();
  app.route("/", live.routes);
  app.get("/", async (context) => {
    const inbound = edge.of(context);
    const body = page === undefined ? await mountAll(components, live, inbound) : await page(live, inbound);
    const head = html`<meta charset="utf-8" /><title>Components</title>${live.head(inbound)}`;
    return edge.page(
      inbound,
      html`<!doctype html>
        <html lang="en">
          <head>
            ${head}
          </head>
          <body>
            <main>${body}</main>
          </body>
        </html>`,
    );
  });
  return app;
}

async function mountAll(components: readonly AnyLiveComponent[], live: Live, inbound: Inbound): Promise<Renderable> {
  const mounted: Renderable[] = [];
  for (const component of components) mounted.push(await live.mount(component, { inbound }));
  return mounted;
}
