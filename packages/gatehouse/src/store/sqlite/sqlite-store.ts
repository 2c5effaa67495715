import { statfsSync } from "node:fs";
import { dirname } from "node:path";
import type { Clock } from "../../kernel/clock.ts";
import {
  StoreUnavailableError,
  type Migration,
  type ReadTransaction,
  type Store,
  type StoreHealth,
  type WriteTransaction,
} from "../../kernel/ports/store.ts";
import { prepareDirectory } from "./data-directory.ts";
import { lockDirectory } from "./directory-lock.ts";
import { SqliteEngine, type SqliteTuning } from "./sqlite-engine.ts";
import { isDiskFull } from "./sqlite-error.ts";

/** How to open a SQLite store. */
export type SqliteStoreOptions = SqliteStoreBasics & (SqliteFilePlace | SqliteMemoryPlace);

interface SqliteStoreBasics {
  readonly clock: Clock;
  /** Applied before the store is handed out. */
  readonly migrations: readonly Migration[];
  /** `development` turns a transaction that waits for something foreign into an error at once. Default `production`. */
  readonly profile?: "development" | "production";
  /** Receives what cannot be thrown at anyone: failing effects, foreign waits, failures of the engine. */
  readonly report?: (error: unknown) => void;
  readonly tuning?: SqliteTuning;
}

interface SqliteFilePlace {
  /** Where the database lives; made when it does not exist, locked against other processes while open. */
  readonly directory: string;
  readonly memory?: false;
}

interface SqliteMemoryPlace {
  /** Keeps everything in memory: nothing lasts, everything else is the same. */
  readonly memory: true;
}

const REOPEN_INTERVAL = 5000;
const SPACE_TO_REOPEN = 64 * 1024 * 1024;

/** The embedded store. */
export interface SqliteStore extends Store {
  readonly dialect: "sqlite";
  /** Path of the database file, or `:memory:`. */
  readonly path: string;
  /**
   * After a failure: closes everything, takes back what was never acknowledged, opens the files again and checks
   * them. Happens by itself at intervals; rejects with the reason when the store is still not usable.
   */
  reopen(): Promise<void>;
}

/**
 * Opens the embedded store.
 * @throws {StoreUnavailableError} when the files cannot be used; a `DirectoryInUseError` when they are in use.
 * @throws {MigrationError} when the schema does not belong to these migrations.
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<SqliteStore> {
  if (options.memory === true) return OpenSqliteStore.open(options, ":memory:");
  const path = prepareDirectory(options.directory);
  const lock = lockDirectory(options.directory, options.clock);
  try {
    return await OpenSqliteStore.open(options, path, lock);
  } catch (error) {
    lock[Symbol.dispose]();
    throw error;
  }
}

class OpenSqliteStore implements SqliteStore {
  readonly dialect = "sqlite";
  readonly path: string;
  readonly #options: SqliteStoreBasics;
  readonly #lock: Disposable | undefined;
  #engine: SqliteEngine | undefined;
  #failure: StoreUnavailableError | undefined;
  #reopening: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed: Promise<void> | undefined;

  private constructor(options: SqliteStoreBasics, path: string, lock?: Disposable) {
    this.#options = options;
    this.path = path;
    this.#lock = lock;
  }

  static async open(options: SqliteStoreBasics, path: string, lock?: Disposable): Promise<OpenSqliteStore> {
    const store = new OpenSqliteStore(options, path, lock);
    store.#engine = await store.#openEngine();
    return store;
  }

  async read<Result>(work: (transaction: ReadTransaction) => Promise<Result>): Promise<Result> {
    // With a full disk nothing doubtful was written: what is there can still be shown.
    if (this.#failure !== undefined && !isDiskFull(this.#failure)) throw this.#failure;
    if (this.#engine === undefined) throw this.#failure ?? closedError();
    return this.#engine.readers.read(work);
  }

  write<Result>(work: (transaction: WriteTransaction) => Promise<Result>): Promise<Result> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#engine === undefined || this.#closed !== undefined) return Promise.reject(closedError());
    return this.#engine.writers.write(work);
  }

  async health(): Promise<StoreHealth> {
    const { clock } = this.#options;
    const started = clock.monotonic();
    const { state, detail } = await this.#probe();
    return { name: "sqlite", engine: "SQLite", state, latency: clock.monotonic() - started, detail };
  }

  reopen(): Promise<void> {
    if (this.#failure === undefined) return Promise.resolve();
    this.#reopening ??= this.#reopen(this.#failure).finally(() => {
      this.#reopening = undefined;
    });
    return this.#reopening;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#reopening?.catch(() => undefined);
    const engine = this.#engine;
    try {
      if (this.#failure === undefined) await engine?.close();
      else await engine?.abandon(this.#failure);
    } finally {
      this.#engine = undefined;
      this.#lock?.[Symbol.dispose]();
    }
  }

  async #probe(): Promise<Pick<StoreHealth, "state" | "detail">> {
    if (this.#closed !== undefined) return { state: "down", detail: "closed" };
    if (this.#failure !== undefined) return { state: "down", detail: this.#failure.message };
    try {
      const version = await this.read((transaction) =>
        transaction.execute<{ version: string }>(VERSION, []).then(([row]) => row?.version ?? "?"),
      );
      const waiting = this.#engine?.writers.waiting ?? 0;
      return {
        state: "up",
        detail: `SQLite ${version}, ${this.#engine?.frames ?? 0} frames in the log, ${waiting} waiting`,
      };
    } catch (error) {
      return { state: "down", detail: error instanceof Error ? error.message : String(error) };
    }
  }

  #openEngine(): Promise<SqliteEngine> {
    const { clock, migrations, profile = "production", report = () => undefined, tuning = {} } = this.#options;
    return SqliteEngine.open({
      path: this.path,
      clock,
      migrations,
      profile,
      report,
      tuning,
      onFailure: (error) => this.#fail(error),
    });
  }

  #fail(error: StoreUnavailableError): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.#options.report?.(error);
    this.#reopenLater();
  }

  #reopenLater(): void {
    if (this.#closed !== undefined || this.path === ":memory:") return;
    this.#timer = setTimeout(() => {
      this.reopen().catch(() => this.#reopenLater());
    }, this.#options.tuning?.reopenInterval ?? REOPEN_INTERVAL).unref();
  }

  async #reopen(failure: StoreUnavailableError): Promise<void> {
    if (this.path === ":memory:") throw failure;
    if (isDiskFull(failure) && freeSpace(this.path) < SPACE_TO_REOPEN) throw failure;
    const abandoned = this.#engine;
    this.#engine = undefined;
    await abandoned?.abandon(failure);
    const engine = await this.#openEngine();
    const problems = await engine.check().catch((error: unknown) => [String(error)]);
    if (problems.length > 0) {
      await engine.abandon(failure);
      throw new StoreUnavailableError("sqlite", `The store ${this.path} is damaged: ${problems.join("; ")}`);
    }
    clearTimeout(this.#timer);
    this.#engine = engine;
    this.#failure = undefined;
  }
}

const VERSION = { sqlite: "SELECT sqlite_version() AS version", postgres: "" };

function closedError(): StoreUnavailableError {
  return new StoreUnavailableError("sqlite", "The store is closed.");
}

function freeSpace(path: string): number {
  const { bavail, bsize } = statfsSync(dirname(path));
  return bavail * bsize;
}
