import { createTrustedProxies } from "../guards/address.ts";
import { auditGuard } from "../guards/audit.ts";
import { authenticateGuard, type Authenticators } from "../guards/authenticate.ts";
import { authoriseGuard } from "../guards/authorise.ts";
import { csrfGuard } from "../guards/csrf.ts";
import { createCsrfTokens } from "../guards/csrf-token.ts";
import { idempotencyGuard } from "../guards/idempotency.ts";
import { limitGuard } from "../guards/limit.ts";
import { originGuard } from "../guards/origin.ts";
import { validateGuard } from "../guards/validate.ts";
import type { EdgeParts } from "../http/edge-parts.ts";
import { createEdge, type Edge } from "../http/edge.ts";
import type { Connection } from "../http/inbound.ts";
import type { AnyAction } from "../kernel/action.ts";
import { createEventStream } from "../kernel/event-stream.ts";
import type { SecurityEvent } from "../kernel/event.ts";
import { createGate, type Gate } from "../kernel/gate.ts";
import type { Guard } from "../kernel/guard.ts";
import { createIds } from "../kernel/ids.ts";
import { generateKeyMaterial } from "../kernel/key-material.ts";
import { createKeyRing } from "../kernel/key-ring.ts";
import type { Sessions } from "../kernel/ports/sessions.ts";
import type { Store } from "../kernel/ports/store.ts";
import { systemRandom } from "../kernel/random.ts";
import { createSealer } from "../kernel/seal.ts";
import { createMemoryCounters } from "../store/memory/memory-counters.ts";
import { coreMigrations } from "../store/migrations/core-migrations.ts";
import { createAuditTrail } from "../store/sql/audit-trail.ts";
import { createIdempotencyRecords } from "../store/sql/idempotency-records.ts";
import { createSessions } from "../store/sql/sessions.ts";
import { openSqliteStore } from "../store/sqlite/sqlite-store.ts";
import { createFakeClock, type FakeClock } from "./fake-clock.ts";

/** An edge over an embedded store in memory, with a clock that stands still. */
export interface EdgeSetup extends AsyncDisposable {
  readonly edge: Edge;
  readonly gate: Gate;
  readonly store: Store;
  readonly sessions: Sessions;
  readonly clock: FakeClock;
  /** What has been emitted, in order. */
  readonly events: SecurityEvent[];
  /** Exceptions that reached nobody else. */
  readonly errors: unknown[];
}

/** What differs from the plain setup. */
export interface EdgeSetupOptions extends Partial<EdgeParts> {
  readonly actions?:
    | readonly AnyAction[]
    | ((parts: Pick<EdgeSetup, "edge" | "clock" | "store">) => readonly AnyAction[]);
  /** Guards besides those that need nothing from outside: limits, bans. */
  readonly guards?: (parts: { readonly clock: FakeClock; readonly store: Store }) => readonly Guard[];
  /** Who presents a bearer token or a client's credentials. Default: nobody does. */
  readonly authenticators?: Omit<Authenticators, "session">;
  /** Addresses of trusted proxies. Default `10.0.0.0/8`. */
  readonly trusted?: readonly string[];
}

/** A client with a connection of its own, for requests that never touch a socket. */
export const TEST_CONNECTION: Connection = { address: "203.0.113.9", encrypted: true };

/** Builds an edge with real guards and a real store. */
export async function openEdgeSetup(options: EdgeSetupOptions = {}): Promise<EdgeSetup> {
  const clock = createFakeClock();
  const random = systemRandom;
  const ids = createIds(clock, random);
  const keyRing = createKeyRing(generateKeyMaterial(random, clock));
  const csrfTokens = createCsrfTokens({ keyRing, random });
  const sealer = createSealer({ keyRing, random, clock });
  const errors: unknown[] = [];
  const report = (error: unknown): void => void errors.push(error);
  const stream = createEventStream(report);
  const events: SecurityEvent[] = [];
  stream.subscribe((event) => events.push(event));
  const store = await openSqliteStore({ memory: true, clock, migrations: coreMigrations, report });
  const sessions = createSessions();
  const counters = createMemoryCounters({ clock });
  const proxies = createTrustedProxies(options.trusted ?? ["10.0.0.0/8"]);
  const gate = (): Gate => built;
  const parts = { gate, store, sessions, keyRing, csrfTokens, clock, random, ids, events: stream, proxies, report };
  const edge = createEdge({ ...parts, ...options });
  const guards = [
    ...(options.guards?.({ clock, store }) ?? []),
    originGuard({}),
    csrfGuard({ tokens: csrfTokens, keyRing }),
    authenticateGuard({ authenticators: { ...options.authenticators, session: edge.sessions.authenticator } }),
    limitGuard({ counters, keyRing, clock }),
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
  const { actions = [] } = options;
  const list = typeof actions === "function" ? actions({ edge, clock, store }) : actions;
  const built = createGate({ actions: list, guards, store, events: stream, clock, ids, report });
  const close = (): Promise<void> => Promise.resolve(store[Symbol.asyncDispose]());
  return { edge, gate: built, store, sessions, clock, events, errors, [Symbol.asyncDispose]: close };
}
