import { admitPrincipalGuard } from "../guards/admit-principal.ts";
import { admitGuard } from "../guards/admit.ts";
import { auditGuard } from "../guards/audit.ts";
import { authenticateGuard, type Authenticator } from "../guards/authenticate.ts";
import { authoriseGuard } from "../guards/authorise.ts";
import { createCsrfTokens, type CsrfTokens } from "../guards/csrf-token.ts";
import { csrfGuard } from "../guards/csrf.ts";
import { idempotencyGuard, type IdempotencyOptions } from "../guards/idempotency.ts";
import { limitGuard } from "../guards/limit.ts";
import { originGuard } from "../guards/origin.ts";
import { sessionExpired } from "../guards/session-expired.ts";
import { signatureGuard, type SignatureVerifier } from "../guards/signature.ts";
import { validateGuard } from "../guards/validate.ts";
import type { AnyAction } from "../kernel/action.ts";
import { anonymousPrincipal, type Attempt, type Credential, type Entrance, type Principal } from "../kernel/attempt.ts";
import { base64url } from "../kernel/codec.ts";
import { createEventStream, type EventStream } from "../kernel/event-stream.ts";
import type { SecurityEvent } from "../kernel/event.ts";
import { createGate, type Gate } from "../kernel/gate.ts";
import type { Guard, GuardSetting } from "../kernel/guard.ts";
import { createIds, type Ids } from "../kernel/ids.ts";
import { generateKeyMaterial } from "../kernel/key-material.ts";
import { createKeyRing, type KeyRing } from "../kernel/key-ring.ts";
import type { Outcome } from "../kernel/outcome.ts";
import type { AuditQuery } from "../kernel/ports/audit.ts";
import type { Bans } from "../kernel/ports/bans.ts";
import type { Migration, Store } from "../kernel/ports/store.ts";
import type { Random } from "../kernel/random.ts";
import { createSealer } from "../kernel/seal.ts";
import { createMemoryBus } from "../store/memory/memory-bus.ts";
import { createMemoryCounters, type MemoryCounters } from "../store/memory/memory-counters.ts";
import { coreMigrations } from "../store/migrations/core-migrations.ts";
import { createAuditTrail } from "../store/sql/audit-trail.ts";
import { createBans } from "../store/sql/bans.ts";
import { createIdempotencyRecords } from "../store/sql/idempotency-records.ts";
import { openSqliteStore } from "../store/sqlite/sqlite-store.ts";
import { createDeterministicRandom } from "./deterministic-random.ts";
import { createFakeClock, type FakeClock } from "./fake-clock.ts";

/** What differs from the plain kit. */
export interface TestGateOptions {
  readonly actions: readonly AnyAction[];
  /** Tables of the actions' own, after those of Gatehouse. */
  readonly migrations?: readonly Migration[];
  /** Default: an embedded store in memory, which the kit closes. A store given is the caller's to close. */
  readonly store?: Store;
  /** Seeds the randomness. Kits with the same seed have the same keys, as servers of one installation have. */
  readonly seed?: string;
  /** Tells apart kits on one store, as servers of one installation: each draws other identifiers. */
  readonly server?: string;
  readonly clock?: FakeClock;
  readonly settings?: Readonly<Record<string, GuardSetting>>;
  /** The limit per principal and action where an action names none. Default 60 in 60 seconds. */
  readonly limit?: { readonly limit: number; readonly window: number };
  readonly trustedOrigins?: readonly string[];
  /** Ranges whose callers are neither refused nor limited. */
  readonly trustedCidrs?: readonly string[];
  readonly verifiers?: Readonly<Record<string, SignatureVerifier>>;
  readonly idempotency?: Partial<Pick<IdempotencyOptions, "lease" | "wait" | "maxBytes" | "records">>;
  /** Recognises bearer tokens, where the test has any. */
  readonly bearer?: Authenticator<"bearer">;
  /** Guards of the test's own, besides the standard ones. */
  readonly guards?: readonly Guard[];
}

/** How one attempt is made. */
export interface TestAttempt {
  /** Who attempts it: a principal, or the id of a user in the tenant. Default: a stranger without credentials. */
  readonly as?: Principal | string;
  /** Attempts it from a page of this session instead: with its cookie, from the same origin, with a CSRF token. */
  readonly session?: TestSession;
  /** The idempotency key. */
  readonly key?: string;
  /** Default: the first entrance the action names. */
  readonly entrance?: Entrance;
  /** Default 192.0.2.1. */
  readonly ip?: string;
  /** Default `acme`. */
  readonly tenant?: string;
  /** Anything else about the attempt. */
  readonly more?: Partial<Attempt>;
}

/** Somebody with a browser. */
export interface TestSession {
  /** The cookie's value. */
  readonly credential: string;
  readonly principal: Principal;
}

/** Actions behind every guard, on a store in memory, with a clock that stands still and randomness that repeats. */
export interface TestGate extends AsyncDisposable {
  readonly gate: Gate;
  readonly store: Store;
  readonly clock: FakeClock;
  readonly random: Random;
  readonly ids: Ids;
  readonly keyRing: KeyRing;
  readonly csrfTokens: CsrfTokens;
  readonly counters: MemoryCounters;
  readonly bans: Bans;
  readonly stream: EventStream;
  /** What has been emitted, in order. */
  readonly events: SecurityEvent[];
  /** Exceptions of actions and guards, which callers see as `INTERNAL_ERROR` alone. */
  readonly reported: unknown[];
  /** Makes an attempt. */
  attempt(action: AnyAction | string, input?: unknown, how?: TestAttempt): Promise<Outcome>;
  /** Opens a session for a principal, or for a visitor nobody knows. */
  signIn(as?: Principal | string): TestSession;
  /** Ends a session. */
  signOut(session: TestSession): void;
  /** Rows of the audit trail, newest first. */
  auditRows(query?: Partial<AuditQuery>): Promise<SecurityEvent[]>;
  /** Forgets everything counted. */
  resetLimits(): void;
}

/** Scheme, host and port that browsers of the kit address. */
export const TEST_TARGET = "https://app.example";
const TENANT = "acme";
const STRANGER_IP = "192.0.2.1";

/** A user of a tenant, with grants. */
export function testUser(id: string, grants: readonly string[] = [], tenant: string = TENANT): Principal {
  return { type: "user", id, tenant, grants: new Set(grants) };
}

/** Opens a kit. Nothing of it is a stand-in but clock and randomness: guards and store are those of a server. */
export async function createTestGate(options: TestGateOptions): Promise<TestGate> {
  const { clock = createFakeClock(), seed = "gatehouse" } = options;
  const keyRing = createKeyRing(generateKeyMaterial(createDeterministicRandom(`keys of ${seed}`), createFakeClock()));
  const random = createDeterministicRandom(`${seed} ${options.server ?? "first"}`);
  const ids = createIds(clock, random);
  const reported: unknown[] = [];
  const report = (error: unknown): void => void reported.push(error);
  const stream = createEventStream(report);
  const events: SecurityEvent[] = [];
  stream.subscribe((event) => events.push(event));
  const migrations = [...coreMigrations, ...(options.migrations ?? [])];
  const store = options.store ?? (await openSqliteStore({ memory: true, clock, migrations, report }));
  const bans = await createBans({ store, bus: createMemoryBus(), clock, ids, report });
  const parts = { clock, random, ids, keyRing, store, bans, counters: createMemoryCounters({ clock }) };
  const csrfTokens = createCsrfTokens({ keyRing, random });
  const sessions = new Map<string, TestSession>();
  const guards = [...standardGuards(options, { ...parts, csrfTokens, sessions }), ...(options.guards ?? [])];
  const { actions, settings = {} } = options;
  const gate = createGate({ actions, guards, store, events: stream, clock, ids, settings, report });
  const byName = new Map(actions.map((action) => [action.name, action]));

  return {
    ...parts,
    csrfTokens,
    gate,
    stream,
    events,
    reported,
    attempt: (action, input = {}, how = {}) => {
      const name = typeof action === "string" ? action : action.name;
      const entrance = how.entrance ?? byName.get(name)?.entrances[0] ?? "http";
      const { tenant = TENANT, ip = STRANGER_IP, key } = how;
      const shared = { id: ids.next(), entrance, action: name, tenant, receivedAt: clock.now(), input };
      const keyed = key === undefined ? {} : { idempotencyKey: key };
      return gate.attempt({ ...shared, peer: { ip, tls: true }, ...evidence(how, csrfTokens), ...keyed, ...how.more });
    },
    signIn(as) {
      const credential = base64url(random.bytes(32));
      const principal = as === undefined ? anonymousPrincipal(TENANT) : principalOf(as, TENANT);
      const session = { credential, principal: { ...principal, session: keyRing.fingerprint("session", credential) } };
      sessions.set(credential, session);
      return session;
    },
    signOut: ({ credential }) => void sessions.delete(credential),
    auditRows: (query = {}) =>
      store.read((transaction) => createAuditTrail().find(transaction, { limit: 1000, ...query })),
    resetLimits: () => parts.counters.reset(),
    async [Symbol.asyncDispose]() {
      await bans[Symbol.asyncDispose]();
      await parts.counters[Symbol.asyncDispose]();
      if (options.store === undefined) await store[Symbol.asyncDispose]();
    },
  };
}

/** Where an attempt comes from and what it shows. */
function evidence(how: TestAttempt, csrfTokens: CsrfTokens): Pick<Attempt, "provenance" | "credentials"> {
  const { session, as, tenant = TENANT } = how;
  if (session !== undefined) {
    const csrfToken = csrfTokens.issue(session.credential);
    const page = { method: "POST", origin: TEST_TARGET, fetchSite: "same-origin", target: TEST_TARGET };
    return {
      provenance: { kind: "browser", ...page, csrfToken },
      credentials: [{ kind: "session", id: session.credential }],
    };
  }
  const credentials: Credential[] = as === undefined ? [] : [{ kind: "internal", principal: principalOf(as, tenant) }];
  return { provenance: { kind: "token" }, credentials };
}

function principalOf(as: Principal | string, tenant: string): Principal {
  return typeof as === "string" ? testUser(as, [], tenant) : as;
}

interface GuardParts extends Pick<TestGate, "clock" | "random" | "ids" | "keyRing" | "store" | "bans" | "counters"> {
  readonly csrfTokens: CsrfTokens;
  readonly sessions: ReadonlyMap<string, TestSession>;
}

function standardGuards(options: TestGateOptions, parts: GuardParts): Guard[] {
  const { clock, random, ids, keyRing, store, bans, counters, csrfTokens, sessions } = parts;
  const origins = options.trustedOrigins === undefined ? {} : { trustedOrigins: options.trustedOrigins };
  const { trustedCidrs = [] } = options;
  const sealer = createSealer({ keyRing, random, clock });
  const records = createIdempotencyRecords();
  return [
    admitGuard({ bans, counters, keyRing, clock, trustedCidrs }),
    originGuard(origins),
    csrfGuard({ tokens: csrfTokens, keyRing, ...origins }),
    signatureGuard({ verifiers: options.verifiers ?? {} }),
    authenticateGuard({ authenticators: { session: sessionAuthenticator(sessions), ...bearerOf(options) } }),
    admitPrincipalGuard({ bans, clock, trustedCidrs }),
    limitGuard({
      counters,
      keyRing,
      clock,
      trustedCidrs,
      ...(options.limit === undefined ? {} : { defaults: options.limit }),
    }),
    validateGuard(),
    authoriseGuard({ store }),
    idempotencyGuard({ records, store, keyRing, sealer, clock, random, ids, timers: clock, ...options.idempotency }),
    auditGuard({ trail: createAuditTrail(), ids, clock }),
  ];
}

function bearerOf({ bearer }: TestGateOptions): { readonly bearer?: Authenticator<"bearer"> } {
  return bearer === undefined ? {} : { bearer };
}

function sessionAuthenticator(sessions: ReadonlyMap<string, TestSession>): Authenticator<"session"> {
  return {
    kind: "session",
    authenticate: ({ id }) => Promise.resolve(sessions.get(id)?.principal ?? sessionExpired()),
  };
}
