import { join } from "node:path";
import { createErrorReport } from "../audit/error-report.ts";
import { createEventLog, type LogSink } from "../audit/event-log.ts";
import type { KeyKeeper } from "../console/key-operations.ts";
import { createTrustedProxies } from "../guards/address.ts";
import { createCsrfTokens, type CsrfTokens } from "../guards/csrf-token.ts";
import { createEdge, type EdgeHandler } from "../http/edge.ts";
import { createServerTimings, type ServerTimings } from "../http/server-timing.ts";
import { createOneTimeLinks } from "../http/one-time-links.ts";
import type { Attempt } from "../kernel/attempt.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Config } from "../kernel/config.ts";
import { createEventStream, type EventStream } from "../kernel/event-stream.ts";
import type { Gate } from "../kernel/gate.ts";
import { createIds, type Ids } from "../kernel/ids.ts";
import type { IdempotencyRecords } from "../kernel/ports/idempotency.ts";
import type { Sessions } from "../kernel/ports/sessions.ts";
import type { Random } from "../kernel/random.ts";
import { createSealer, type Sealer } from "../kernel/seal.ts";
import { openUploadFiles } from "../store/files/upload-files.ts";
import { createAuditTrail } from "../store/sql/audit-trail.ts";
import { createBans } from "../store/sql/bans.ts";
import { createEmergencySwitches } from "../store/emergency-switches.ts";
import { createDocuments } from "../store/sql/documents.ts";
import { createIdempotencyRecords } from "../store/sql/idempotency-records.ts";
import { createJobs } from "../store/sql/jobs.ts";
import { createLeases } from "../store/sql/leases.ts";
import { createSessions } from "../store/sql/sessions.ts";
import { createUploadRecords } from "../store/sql/media/upload-records.ts";
import type { Application, Ports, Services } from "./application.ts";
import { createBackChannel } from "./back-channel.ts";
import { edgeOptions } from "./edge-options.ts";
import { openIdentity, type IdentityOptions, type MountedIdentity } from "./identity/mounted-identity.ts";
import { createOwnOrigin, tenantOrigins, type OwnOrigin } from "./identity/origins.ts";
import { openGuests, type MountedGuests } from "./guests/mounted-guests.ts";
import { loadKeys } from "./keys.ts";
import { openMedia, type MountedMedia } from "./media/mounted-media.ts";
import type { RealtimeServices } from "./realtime/realtime-services.ts";
import { openStores, type Stores } from "./stores.ts";
import type { WorkServices } from "./work/work-services.ts";
import { systemEvents, type SystemEvents } from "./system-events.ts";

/** What the services are opened with. */
export interface ServicesOptions {
  readonly config: Config;
  readonly clock: Clock;
  readonly random: Random;
  /** Where keys may come from; the configuration names the variable. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Where the log goes; `quiet` for commands, which are no start of a server either. */
  readonly log: LogSink | "quiet";
}

/** The services, and what only the assembly works with. */
export interface Foundation {
  readonly services: Services;
  readonly stores: Stores;
  readonly keyKeeper: KeyKeeper;
  readonly sessions: Sessions;
  readonly records: IdempotencyRecords;
  readonly csrfTokens: CsrfTokens;
  readonly systemEvents: SystemEvents;
  /** Present where answers say what took how long. */
  readonly timings: ServerTimings | undefined;
  readonly report: (error: unknown, attempt?: Attempt) => void;
  readonly identity: MountedIdentity | undefined;
  readonly guests: MountedGuests;
  readonly media: MountedMedia;
  readonly listensAt: OwnOrigin["listensAt"];
  /** Hands the gate over once it is built. */
  readonly setGate: (gate: Gate) => void;
  /** Hands over what answers requests, once it is built. */
  readonly setHandler: (handler: EdgeHandler) => void;
  /** Hands over the actors, once they are mounted. */
  readonly setRealtime: (realtime: RealtimeServices) => void;
  /** Hands over work orders, once they are mounted. */
  readonly setWork: (work: WorkServices) => void;
  /** Where a tenant's resources and issuer are. */
  readonly originOf: (tenant: string) => string;
}

/**
 * Opens every port the configuration names. What is opened joins `stack` and closes with it.
 * @throws {StoreUnavailableError} when a store cannot be opened.
 * @throws {KeyFileError} when the key file cannot be used.
 */
export async function openServices(
  options: ServicesOptions &
    Pick<Application, "guardedTables" | "issuer" | "migrations" | "problems" | "tenant" | "theme">,
  stack: AsyncDisposableStack,
): Promise<Foundation> {
  const { config, clock, random, migrations = [], guardedTables, tenant, issuer, theme, problems } = options;
  const ids = createIds(clock, random);
  const { events, report } = openLog(options, ids, stack);
  const announce = systemEvents({ events, ids, clock });
  const { keyRing, keep } = loadKeys({ config, environment: options.environment ?? {}, clock, random });
  const onStateChange = announce.storeChange;
  const stores = await openStores({ config, clock, random, migrations, guardedTables, report, onStateChange }, stack);
  const { store, counters, bus } = stores;
  const keyKeeper = stack.use(await keep(bus, report));
  const bans = stack.use(await createBans({ store, bus, clock, ids, report }));
  const documents = createDocuments();
  const emergency = stack.use(await createEmergencySwitches({ store, documents, bus, clock, report }));
  const sealer = openSealer({ config, keyRing, random, clock, announce });
  const csrfTokens = createCsrfTokens({ keyRing, random });
  const sessions = createSessions();
  const proxies = createTrustedProxies(config.server.trustedProxies, { header: config.server.forwardedHeader });
  // The edge needs the gate, whose actions and guards need the edge.
  const gateSlot = createSlot<Gate>("gate");
  const handlerSlot = createSlot<EdgeHandler>("handler");
  const realtimeSlot = createSlot<RealtimeServices>("realtime");
  const workSlot = createSlot<WorkServices>("work");
  const backChannel = createBackChannel(handlerSlot.get);
  const { origin, listensAt } = createOwnOrigin(config);
  const originOf = tenantOrigins(config, issuer);
  const base = { clock, random, ids, events, keyRing, store, proxies, gate: gateSlot.get, origin, backChannel };
  const own = { sessions, csrfTokens, report: (error: unknown) => report(error) };
  const timings = config.live.inspector ? createServerTimings(clock) : undefined;
  const chosen = { ...(tenant === undefined ? {} : { tenant }), ...(timings === undefined ? {} : { timings }) };
  const tenants = originOf === undefined ? {} : { originOf };
  const edge = createEdge({ ...base, ...edgeOptions(config), ...own, ...chosen, ...tenants, problems });
  const ports: Ports = {
    ...{ ...base, config, sealer, documents, counters, bus, bans, emergency, edge },
    uploads: { sink: openUploadFiles(join(config.dataDirectory, "uploads")), records: createUploadRecords() },
    trail: createAuditTrail(),
    leases: createLeases(store),
    jobs: createJobs({ store, bus, ids, report }),
    oneTimeLinks: createOneTimeLinks({ ...base, edge, documents, sessions }),
  };
  const records = createIdempotencyRecords();
  const mounting = { services: ports, sessions, originOf: originOf ?? origin, theme, report: own.report };
  const mounted = await openModules({ ...mounting, keysChanged: announce.signingKeys }, stack);
  const { identity, guests, media } = mounted;
  const services: Services = {
    ...{ ...ports, identity: identity?.services, guests: guests.services, media: media.services },
    ...{ realtime: slottedRealtime(realtimeSlot.get), work: workSlot.get },
  };
  const internals = { keyKeeper, sessions, records, csrfTokens, systemEvents: announce, timings, listensAt };
  const slots = { setGate: gateSlot.set, setHandler: handlerSlot.set, setRealtime: realtimeSlot.set };
  const given = { ...slots, setWork: workSlot.set, originOf: mounting.originOf };
  return { services, stores, ...internals, ...mounted, report, ...given };
}

function slottedRealtime(get: () => RealtimeServices): RealtimeServices {
  return { perform: (...attempt) => get().perform(...attempt), state: (...asked) => get().state(...asked) };
}

async function openModules(
  options: IdentityOptions,
  stack: AsyncDisposableStack,
): Promise<Pick<Foundation, "identity" | "guests" | "media">> {
  const { services, report } = options;
  const { enabled } = services.config.identity;
  const guests = await openGuests({ services, report }, stack);
  const media = await openMedia({ services, report });
  media.addGrants(guests.services.grants);
  return { identity: enabled ? await openIdentity(options, stack) : undefined, guests, media };
}

interface Log {
  readonly events: EventStream;
  readonly report: Foundation["report"];
}

function openLog({ config, clock, log }: ServicesOptions, ids: Ids, stack: AsyncDisposableStack): Log {
  if (log === "quiet") {
    const report = (): undefined => undefined;
    return { events: createEventStream(report), report };
  }
  const { format, level } = config.log;
  const report = createErrorReport({ sink: log, clock, format });
  const events = createEventStream(report);
  stack.use(createEventLog({ events, sink: log, clock, ids, format, level: EVENT_LEVELS[level] }));
  return { events, report };
}

const EVENT_LEVELS = { debug: "info", info: "info", warn: "warn", error: "critical" } as const;

interface SealerParts extends Pick<ServicesOptions, "config" | "clock" | "random"> {
  readonly keyRing: Services["keyRing"];
  readonly announce: SystemEvents;
}

/** The sealer of stored state, which a migration may have not sealed yet; until the configured date only. */
function openSealer({ config, keyRing, random, clock, announce }: SealerParts): Sealer {
  const { plaintextUntil } = config.seal;
  const onPlaintextAccepted = announce.plaintextAccepted;
  const sealer = { keyRing, random, clock, onPlaintextAccepted };
  return createSealer(plaintextUntil === undefined ? sealer : { ...sealer, plaintextUntil });
}

interface Slot<Value> {
  readonly get: () => Value;
  readonly set: (value: Value) => void;
}

/** Holds what is built last, for those that are built before and ask for it later. */
function createSlot<Value>(name: string): Slot<Value> {
  let held: { readonly value: Value } | undefined;
  return {
    get() {
      if (held === undefined) throw new TypeError(`The ${name} is not built yet.`);
      return held.value;
    },
    set: (value) => {
      held = { value };
    },
  };
}
