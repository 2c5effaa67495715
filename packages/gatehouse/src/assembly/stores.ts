import type { StoreKeeper } from "../console/system-operations.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Config } from "../kernel/config.ts";
import { deny } from "../kernel/outcome.ts";
import type { Bus } from "../kernel/ports/bus.ts";
import type { Counters } from "../kernel/ports/counters.ts";
import type { GuardedTables, Migration, SnapshotReads, Store, StoreHealth } from "../kernel/ports/store.ts";
import { problems } from "../kernel/problems.ts";
import type { Random } from "../kernel/random.ts";
import { createMemoryBus } from "../store/memory/memory-bus.ts";
import { loadCounters, saveCounters } from "../store/memory/memory-counters-persistence.ts";
import { createMemoryCounters } from "../store/memory/memory-counters.ts";
import { coreMigrations } from "../store/migrations/core-migrations.ts";
import { createSqlCounters } from "../store/sql/sql-counters.ts";
import { backupStore, BackupError } from "../store/sqlite/sqlite-backup.ts";
import { openSqliteStore, type SqliteStore } from "../store/sqlite/sqlite-store.ts";
import type { StoreStateChange } from "../store/breaker.ts";
import type { PostgresReplica } from "../store/postgres/postgres-replica.ts";
import { createResilientCounters } from "../store/time-box.ts";
import { postgresSchema, postgresSettings } from "./postgres-settings.ts";

/** What the stores are opened with. */
export interface StoresParts {
  readonly config: Config;
  readonly clock: Clock;
  readonly random: Random;
  /** Besides the core's own. */
  readonly migrations: readonly Migration[];
  /** Besides the core's own. */
  readonly guardedTables?: GuardedTables | undefined;
  readonly report: (error: unknown) => void;
  /** Told when a store stops and starts answering. */
  readonly onStateChange: (change: StoreStateChange) => void;
}

/** Every store of a server, opened as configured. */
export interface Stores {
  readonly store: Store;
  /** Where actions without effects read, where that is not the store itself. */
  readonly snapshots: SnapshotReads | undefined;
  readonly counters: Counters;
  /** Of this process alone, for limits that only have to be coarse. */
  readonly localCounters: Counters;
  readonly bus: Bus;
  readonly keeper: StoreKeeper;
}

const SAVE_INTERVAL = 30_000;
const SHORTEST_COMMAND_TIMEOUT = 250;

/**
 * Opens the stores that the configuration names. What is opened joins `stack` and closes with it.
 * @throws {StoreUnavailableError} when one cannot be opened.
 */
export async function openStores(parts: StoresParts, stack: AsyncDisposableStack): Promise<Stores> {
  const { store, backup } = await openTransactional(parts, stack);
  const replica = await openReplica(parts, stack, store);
  const shared = await openShared(parts, stack, store);
  const probes = [store, ...(replica === undefined ? [] : [replica])].map((one) => () => one.health());
  probes.push(...shared.probes);
  return {
    store,
    snapshots: replica,
    counters: shared.counters,
    localCounters: stack.use(createMemoryCounters({ clock: parts.clock })),
    bus: shared.bus,
    keeper: { health: () => Promise.all(probes.map((probe) => probe())), backup },
  };
}

async function openTransactional(
  parts: StoresParts,
  stack: AsyncDisposableStack,
): Promise<{ readonly store: Store; readonly backup: StoreKeeper["backup"] }> {
  const { config, clock, random, report } = parts;
  if (config.store.engine === "sqlite") {
    const migrations = [...coreMigrations, ...parts.migrations];
    const store: SqliteStore = stack.use(
      await openSqliteStore({ directory: config.dataDirectory, clock, migrations, profile: config.profile, report }),
    );
    return { store, backup: (file) => backUp(store, file) };
  }
  const { openPostgresStore } = await import("../store/postgres/postgres-store.ts");
  const store = stack.use(
    await openPostgresStore({
      ...postgresSchema(config, parts),
      ...{ clock, random, report },
      onStateChange: (change) => parts.onStateChange(change),
    }),
  );
  return { store, backup: undefined };
}

async function openReplica(
  { config, clock, report, onStateChange }: StoresParts,
  stack: AsyncDisposableStack,
  primary: Store,
): Promise<PostgresReplica | undefined> {
  const { engine, postgresReplicaUrl: url, postgresReplicaPatience: patience } = config.store;
  if (engine !== "postgres" || url === undefined) return undefined;
  const { openPostgresReplica } = await import("../store/postgres/postgres-replica.ts");
  return stack.use(
    openPostgresReplica({
      ...postgresSettings(config, url),
      ...{ primary, clock, patience, report },
      onStateChange: (change) => onStateChange(change),
    }),
  );
}

interface Shared {
  readonly counters: Counters;
  readonly bus: Bus;
  readonly probes: readonly (() => Promise<StoreHealth>)[];
}

async function openShared(parts: StoresParts, stack: AsyncDisposableStack, store: Store): Promise<Shared> {
  const { config } = parts;
  switch (config.counters.engine) {
    case "memory":
      return {
        counters: await openMemoryCounters(parts, stack, store),
        bus: await openBus(parts, stack, store),
        probes: [],
      };
    case "sql":
      return {
        counters: resilient(parts, stack, createSqlCounters({ store, clock: parts.clock })),
        bus: await openBus(parts, stack, store),
        probes: [],
      };
    case "valkey":
      return openValkey(parts, stack);
  }
}

async function openMemoryCounters(parts: StoresParts, stack: AsyncDisposableStack, store: Store): Promise<Counters> {
  const counters = createMemoryCounters({ clock: parts.clock });
  await loadCounters(store, counters);
  const timer = setInterval(() => void saveCounters(store, counters).catch(parts.report), SAVE_INTERVAL).unref();
  stack.defer(async () => {
    clearInterval(timer);
    await saveCounters(store, counters, { what: "all" }).catch(parts.report);
    await counters[Symbol.asyncDispose]();
  });
  return counters;
}

/** Processes that share a PostgreSQL server hear each other through it; a single process hears itself. */
async function openBus(parts: StoresParts, stack: AsyncDisposableStack, store: Store): Promise<Bus> {
  const { postgresUrl } = parts.config.store;
  if (store.dialect === "sqlite" || postgresUrl === undefined)
    return stack.use(createMemoryBus({ report: parts.report }));
  const { openPostgresBus } = await import("../store/postgres/postgres-bus.ts");
  return stack.use(
    await openPostgresBus({
      ...postgresSettings(parts.config, postgresUrl),
      random: parts.random,
      report: parts.report,
    }),
  );
}

async function openValkey(parts: StoresParts, stack: AsyncDisposableStack): Promise<Shared> {
  const { config, clock, random, report } = parts;
  const { openValkeyConnection } = await import("../store/valkey/valkey-connection.ts");
  const { createValkeyCounters } = await import("../store/valkey/valkey-counters.ts");
  const { openValkeyBus } = await import("../store/valkey/valkey-bus.ts");
  const url = config.counters.valkeyUrl;
  // A connection that gives up earlier than the time box allows would make the option do nothing.
  const commandTimeout = Math.max(SHORTEST_COMMAND_TIMEOUT, config.counters.timeBox);
  if (url === undefined) throw new TypeError("counters.valkeyUrl is not set.");
  const connection = stack.use(
    await openValkeyConnection({ url, clock, random, report, profile: config.profile, commandTimeout }),
  );
  const counters = resilient(parts, stack, createValkeyCounters({ connection, clock }));
  const bus = stack.use(await openValkeyBus({ connection, report }));
  return { counters, bus, probes: [async () => toleratedHealth(await connection.health(), config)] };
}

/** Without shared counters the server goes on, as configured: it must not be taken out of service for it. */
function toleratedHealth(health: StoreHealth, { counters }: Config): StoreHealth {
  const missed = health.state === "down" && counters.onFailure !== "deny";
  return missed ? { ...health, state: "degraded" } : health;
}

function resilient(parts: StoresParts, stack: AsyncDisposableStack, primary: Counters): Counters {
  const { config, clock } = parts;
  return stack.use(
    createResilientCounters({
      primary,
      fallback: createMemoryCounters({ clock }),
      mode: config.counters.onFailure,
      timeout: config.counters.timeBox,
      clock,
      onStateChange: (change) => parts.onStateChange(change),
    }),
  );
}

/** A backup that cannot be made changes nothing and says why: an answer for the operator, not a failure of the server. */
async function backUp(store: SqliteStore, file: string): ReturnType<NonNullable<StoreKeeper["backup"]>> {
  try {
    return await backupStore(store, file);
  } catch (error) {
    if (error instanceof BackupError) return deny(problems.VALIDATION_ERROR, { detail: error.message });
    throw error;
  }
}
