import { Hono } from "hono";
import { createConsole, type ConsoleParts, type OperatorConsole } from "../console/console.ts";
import { consoleLinkTarget } from "../console/link-operations.ts";
import { EVENTS_PATH } from "../console/audit/event-filter.ts";
import { createOperations } from "../console/operations.ts";
import { OPERATOR_GRANT } from "../console/operator.ts";
import { createCspReportAction } from "../http/csp-report.ts";
import type { Edge, EdgeHandler } from "../http/edge.ts";
import { createEdgeRoutes } from "../http/routes.ts";
import type { AnyAction } from "../kernel/action.ts";
import { SINGLE_TENANT } from "../kernel/attempt.ts";
import { BootRefusedError, createGate, type Gate, type InventoryRow } from "../kernel/gate.ts";
import type { Outcome } from "../kernel/outcome.ts";
import type { StoreHealth } from "../kernel/ports/store.ts";
import { createLive, type Live, type LiveParts } from "../live/live.ts";
import type { Application, ApplicationParts, Services } from "./application.ts";
import { startBackground } from "./background.ts";
import { createGuards } from "./guards.ts";
import { openMonitoring } from "./monitoring.ts";
import { mediaRoutes } from "./media/delivery.ts";
import { mountApplicationUploads, type MountedUploads } from "./media/uploads.ts";
import { operatorAttempt } from "./operator-attempt.ts";
import { openWork, withWorkTokens } from "./work/open-work.ts";
import type { MountedWork } from "./work/mounted-work.ts";
import { newsOverRealtime } from "./realtime/news.ts";
import { mountRealtime, type MountedRealtime } from "./realtime/mounted-realtime.ts";
import { openServices, type Foundation, type ServicesOptions } from "./services.ts";
import { timedActions, timedGuards, timedSealer, timedStore, timedStores } from "./timed.ts";

/** What a Gatehouse is opened with. */
export interface GatehouseOptions extends ServicesOptions {
  readonly application?: Application;
  /** Whether the start is recorded once everything is open. `later`: when `announceStart` is called. Default `opened`. */
  readonly recordStart?: "opened" | "later";
}

/** One route that is answered. */
export interface RouteDescription {
  readonly method: string;
  /** With parameters as `:name` and `*` for the rest. */
  readonly path: string;
}

/** Everything assembled: ports opened, guards compiled, routes mounted. */
export interface Gatehouse extends AsyncDisposable {
  /** Answers requests; give it to `listen`, or to an adapter. */
  readonly handler: EdgeHandler;
  readonly edge: Edge;
  readonly gate: Gate;
  readonly services: Services;
  /** Attempts an action as the system's operator, over the job entrance. Default: in the only tenant there is. */
  operate(action: string, input: unknown, tenant?: string): Promise<Outcome>;
  health(): Promise<readonly StoreHealth[]>;
  inventory(): readonly InventoryRow[];
  /** The routes behind `handler`, in the order in which they are tried. */
  routes(): readonly RouteDescription[];
  /** Actors and connections; `undefined` where the application has none. Attach it to the server that requests come from. */
  readonly realtime: MountedRealtime | undefined;
  /** Fills an empty store with the application's demonstration. */
  seed(): Promise<void>;
  /** Records `sys_startup`, and at the end `sys_shutdown`. For `recordStart: "later"`: call it once the port is bound. */
  announceStart(): void;
  /** Says where the server listens, for where no public address is configured. */
  listensAt(origin: string): void;
}

/**
 * Opens everything the configuration names and wires it together.
 * @throws {BootRefusedError} when an action, guard or setting is unsafe.
 * @throws {StoreUnavailableError} when a store cannot be opened.
 * @throws {KeyFileError} when the key file cannot be used.
 */
export async function openGatehouse(options: GatehouseOptions): Promise<Gatehouse> {
  await using stack = new AsyncDisposableStack();
  const application = options.application ?? {};
  const foundation = await openServices({ ...options, ...servicesParts(application) }, stack);
  const { services, stores } = foundation;
  const parts = application.open?.(services) ?? {};
  const monitoring = openMonitoring(foundation, parts, stack);
  if (parts.media !== undefined) foundation.media.addGrants(parts.media.grants);
  const uploads = mountApplicationUploads(foundation, parts);
  if (uploads !== undefined) stack.use(uploads);
  const { sources } = newsOverRealtime(services.config, parts);
  const realtime = parts.realtime && stack.use(await mountRealtime({ ...foundation, sources }, parts.realtime));
  if (realtime !== undefined) {
    foundation.setRealtime(realtime);
    monitoring.metrics.add(realtime.metrics);
  }
  const work = await openWork(foundation, parts, stack);
  monitoring.metrics.add(work?.metrics ?? []);
  const added = [...(realtime?.actions ?? []), ...(work?.actions ?? [])];
  const actions = [...(parts.actions ?? []), ...monitoring.actions, ...added];
  const rooms = furnish(foundation, application, { ...parts, actions, uploads });
  stack.use(rooms.live);
  const gate = closeGate(foundation, withWorkTokens(parts, work), rooms.actions);
  startBackground(foundation, stack, { uploads, realtime, work });
  // A command that opens a stopped installation for a moment processes no files.
  if (options.log !== "quiet") {
    await foundation.media.start(parts, stack);
    realtime?.start();
    await work?.start(stack);
  }
  const app = await mountRoutes(foundation, parts, { ...rooms, work });
  app.route("/", monitoring.routes);
  if (realtime !== undefined) app.route("/", realtime.routes());
  const misplaced = services.edge.misplaced();
  if (misplaced.length > 0) throw new BootRefusedError(misplaced);
  const handler = services.edge.handler(app);
  foundation.setHandler(handler);
  const kept = stack.move();
  const announceStart = once(() => {
    announceService(foundation, kept);
    if (services.config.monitors.enabled) kept.use(monitoring.monitors.start());
  });
  // A command that opens a stopped installation for a moment starts no server.
  if (options.log !== "quiet" && options.recordStart !== "later") announceStart();
  return {
    ...{ handler, edge: services.edge, gate, services, realtime, announceStart, listensAt: foundation.listensAt },
    operate: (action, input, tenant = SINGLE_TENANT) =>
      gate.attempt(operatorAttempt(services, { action, input, tenant })),
    health: () => stores.keeper.health(),
    inventory: () => gate.inventory(),
    routes: () => app.routes.map(({ method, path }) => ({ method, path })),
    seed: () => parts.seed?.() ?? Promise.resolve(),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

function servicesParts({
  guardedTables,
  issuer,
  migrations,
  problems,
  tenant,
  theme,
}: Application): Pick<Application, "guardedTables" | "issuer" | "migrations" | "problems" | "tenant" | "theme"> {
  return {
    ...(problems === undefined ? {} : { problems }),
    ...(issuer === undefined ? {} : { issuer }),
    ...(guardedTables === undefined ? {} : { guardedTables }),
    ...(migrations === undefined ? {} : { migrations }),
    ...(tenant === undefined ? {} : { tenant }),
    ...(theme === undefined ? {} : { theme }),
  };
}

function once(work: () => void): () => void {
  let done = false;
  return () => {
    if (!done) work();
    done = true;
  };
}

function announceService({ services, systemEvents, media }: Foundation, stack: AsyncDisposableStack): void {
  systemEvents.started({ profile: services.config.profile });
  media.warn();
  stack.defer(() => systemEvents.stopped());
}

/** Live components, the console and everything that can be attempted. */
interface Rooms {
  readonly live: Live;
  readonly console: OperatorConsole | undefined;
  readonly cspReport: AnyAction;
  readonly uploads: MountedUploads | undefined;
  readonly actions: readonly AnyAction[];
}

type FurnishedParts = ApplicationParts & Pick<Rooms, "uploads">;

function furnish(foundation: Foundation, application: Application, parts: FurnishedParts): Rooms {
  const { services, stores, keyKeeper: keys, report } = foundation;
  const { config, oneTimeLinks: links, gate } = services;
  const operations = createOperations({
    ...{ ...services, keys, links, store: stores.keeper, rotateAfter: config.keys.rotateAfter },
    linkTargets: { ...application.linkTargets, console: consoleLinkTarget() },
    originOf: (tenant) => services.identity?.issuers.originOf(tenant),
    inventory: () => gate().inventory(),
  });
  // An application may have brought a provider of its own.
  const isOffered = (name: string): boolean =>
    gate()
      .inventory()
      .some(({ action }) => action === name);
  const room = config.console.enabled ? createConsole({ ...services, links, isOffered, ...door(services) }) : undefined;
  const live = createLive({
    ...services,
    ...inspection(foundation),
    components: [...(parts.components ?? []), ...(room?.components ?? [])],
    quota: { components: config.live.components, bytes: config.live.bytes },
    trustedCidrs: config.limits.trustedCidrs,
    push: { perAddress: config.live.streamsPerAddress, ...newsOverRealtime(config, parts).push },
    uploads: { ...services.uploads, quota: config.uploads, report },
    report,
    frame: (refused) =>
      parts.components?.some(({ name }) => name === refused.component) === true ? parts.frame?.(refused) : undefined,
  });
  const cspReport = createCspReportAction(services);
  const { uploads } = parts;
  const own = [
    ...operations,
    ...(room?.actions ?? []),
    ...(foundation.identity?.actions ?? []),
    ...foundation.guests.actions,
    ...foundation.media.actions,
    ...(uploads?.actions ?? []),
  ];
  const actions = [...own, ...live.actions, ...(parts.actions ?? []), cspReport];
  return { live, console: room, cspReport, uploads, actions };
}

/** How operators sign in to the console with their accounts: never with less than two factors. */
function door({ identity }: Services): Pick<ConsoleParts, "signIn"> {
  if (identity === undefined) return {};
  const signIn = identity.relyingParty({
    ...{ name: "console-auth", title: "Gatehouse console", path: "/console/auth", landing: "/console" },
    requirement: { acrValues: ["aal2"] },
    admits: (grants) => grants.includes(OPERATOR_GRANT),
  });
  return { signIn };
}

/** What live components are run with where they are inspected. */
function inspection({ services, timings }: Foundation): Partial<LiveParts> {
  if (timings === undefined) return {};
  const { config, sealer, store } = services;
  const inspector = config.console.enabled ? { events: EVENTS_PATH } : {};
  return { inspector, timings, sealer: timedSealer(sealer, timings), store: timedStore(store, timings) };
}

function closeGate(foundation: Foundation, parts: ApplicationParts, actions: readonly AnyAction[]): Gate {
  const { services, stores, report, setGate, timings } = foundation;
  const { localCounters, snapshots } = stores;
  const { signatures = {}, authenticators = {} } = parts;
  const guards = createGuards({ ...foundation, localCounters, signatures, authenticators });
  const settings = { settings: services.config.guards, report, snapshots };
  const gate =
    timings === undefined
      ? createGate({ ...services, ...settings, actions, guards })
      : createGate({
          ...{ ...services, ...settings, ...timedStores(services.store, snapshots, timings) },
          ...{ actions: timedActions(actions, timings), guards: timedGuards(guards, timings) },
        });
  setGate(gate);
  return gate;
}

async function mountRoutes(
  { services, identity }: Foundation,
  parts: ApplicationParts,
  rooms: Rooms & { readonly work: MountedWork | undefined },
): Promise<Hono> {
  const { edge, config } = services;
  const { live, cspReport, uploads, work } = rooms;
  const app = new Hono();
  app.route("/", mediaRoutes(services));
  app.route("/", createEdgeRoutes({ edge, cspReport, reportPath: config.csp.reportUri }));
  app.route("/", live.routes);
  if (rooms.console !== undefined) app.route("/", rooms.console.routes(live));
  for (const routes of identity?.routes ?? []) app.route("/", routes);
  if (uploads !== undefined) app.route("/", uploads.routes);
  if (work !== undefined) app.route("/", work.routes);
  if (parts.routes !== undefined) app.route("/", await parts.routes(live));
  return app;
}
