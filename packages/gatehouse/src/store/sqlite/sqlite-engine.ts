import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Clock } from "../../kernel/clock.ts";
import { StoreUnavailableError, type Migration } from "../../kernel/ports/store.ts";
import { migrate } from "../sql/migrate.ts";
import { Checkpointer } from "./checkpointer.ts";
import { syncDirectory } from "./data-directory.ts";
import { DatabaseThread } from "./database-thread.ts";
import { DurabilityBarrier, type BarrierWaiter } from "./durability-barrier.ts";
import type { ForeignWaitPolicy } from "./foreign-wait.ts";
import { GroupCommit } from "./group-commit.ts";
import { MemoryReaders } from "./memory-readers.ts";
import type { Readers } from "./readers.ts";
import { SnapshotReaders } from "./snapshot-readers.ts";
import { SqliteConnection } from "./sqlite-connection.ts";
import { WalFile } from "./wal-file.ts";

/** Times and sizes of a SQLite store; the defaults suit a server with a local disk. */
export interface SqliteTuning {
  /** Milliseconds after which the event loop turns although more transactions are waiting. Default 1. */
  readonly batchBudget?: number;
  /** Milliseconds to keep trying while another program holds the write lock. Default 5000. */
  readonly busyTimeout?: number;
  /** Milliseconds a production server lets a transaction wait for something foreign. Default 1000. */
  readonly foreignWaitTimeout?: number;
  /** Frames of about 4 KiB in the write-ahead log from which it is moved into the database file. Default 4096. */
  readonly checkpointFrames?: number;
  /** Most snapshots of different age that reads may hold at once. Default 16. */
  readonly readConnections?: number;
  /** Milliseconds between attempts to reopen after a failure. Default 5000. */
  readonly reopenInterval?: number;
  /** Stands in for the sync of the log, to rehearse its failure. */
  readonly sync?: (done: (error: Error | null) => void) => void;
}

/** What an engine is opened with. */
export interface SqliteEngineOptions {
  /** Path of the database file, or `:memory:`. */
  readonly path: string;
  readonly clock: Clock;
  readonly migrations: readonly Migration[];
  readonly profile: ForeignWaitPolicy["profile"];
  readonly report: (error: unknown) => void;
  readonly tuning: SqliteTuning;
  /** The engine refuses writes from now on. */
  readonly onFailure: (error: StoreUnavailableError) => void;
}

/** Older versions can lose a write-ahead log that two connections reset at once. */
const OLDEST_SQLITE = "3.51.3";
const CHECKPOINT_FRAMES = 4096;
const LARGEST_IDLE_LOG = 64 * 1024 * 1024;
const FRAME_BYTES = 4096 + 24;
const CLOSING_PATIENCE = 1000;
const CLOSING_STEP = 10;

/** The parts of a store in a file that one in memory does not have. */
interface Durability {
  readonly wal: WalFile;
  readonly barrier: DurabilityBarrier;
  readonly thread: DatabaseThread;
  readonly checkpointer: Checkpointer;
}

/** One opening of a database: its connections, its queue of writers and, in a file, its barrier and checkpoints. */
export class SqliteEngine {
  readonly readers: Readers;
  readonly writers: GroupCommit;
  readonly #options: SqliteEngineOptions;
  readonly #connection: SqliteConnection;
  readonly #durability: Durability | undefined;
  #frames = 0;

  private constructor(options: SqliteEngineOptions, connection: SqliteConnection) {
    this.#options = options;
    this.#connection = connection;
    this.writers = this.#createWriters();
    this.#durability = options.path === ":memory:" ? undefined : this.#createDurability();
    this.readers = this.#createReaders();
  }

  /**
   * Opens a database, verifies the run time's SQLite and brings the schema up to date.
   * @throws {StoreUnavailableError} when the file cannot be used.
   */
  static async open(options: SqliteEngineOptions): Promise<SqliteEngine> {
    const connection = new SqliteConnection(options);
    try {
      configure(connection, options.path);
      await migrateConnection(connection, options.migrations);
      if (options.path !== ":memory:") settleLog(connection, options.path);
      return new SqliteEngine(options, connection);
    } catch (error) {
      connection[Symbol.dispose]();
      throw error;
    }
  }

  /** Frames in the write-ahead log. */
  get frames(): number {
    return this.#frames;
  }

  /** What is wrong with the database file; empty when it is sound. Reads all of it, in another thread. */
  async check(): Promise<readonly string[]> {
    return (await this.#durability?.thread.check()) ?? [];
  }

  /** Finishes what has been queued and closes. */
  async close(): Promise<void> {
    await this.writers.drain();
    await this.#quiesce();
    await this.#readsEnded();
    this.readers[Symbol.dispose]();
    // The last connection moves the log into the database file and removes it.
    this.#connection[Symbol.dispose]();
    this.#durability?.wal[Symbol.dispose]();
  }

  /** Refuses what has been queued, closes, and takes back what was committed but is not known to be durable. */
  async abandon(error: StoreUnavailableError): Promise<void> {
    await this.writers.refuse(error);
    await this.#quiesce();
    // A connection that may write must not be the last: it would move the doubtful log into the database.
    this.#connection[Symbol.dispose]();
    this.readers[Symbol.dispose]();
    if (this.#durability === undefined) return;
    const { wal, barrier } = this.#durability;
    try {
      wal.discardAfter(barrier.durable);
    } finally {
      wal[Symbol.dispose]();
    }
  }

  async #quiesce(): Promise<void> {
    if (this.#durability === undefined) return;
    const { barrier, checkpointer, thread } = this.#durability;
    await new Promise<void>((resolve) => barrier.waitForCommitted({ passed: resolve, failed: () => resolve() }));
    await checkpointer.settled();
    await thread[Symbol.asyncDispose]();
  }

  /** Reads may take their time, but not for ever once the store closes. */
  async #readsEnded(): Promise<void> {
    for (let waited = 0; this.readers.active > 0 && waited < CLOSING_PATIENCE; waited += CLOSING_STEP) {
      await delay(CLOSING_STEP);
    }
  }

  #createWriters(): GroupCommit {
    const { clock, tuning, profile, report } = this.#options;
    return new GroupCommit({
      connection: this.#connection,
      clock,
      foreignWait: { profile, report, timeout: tuning.foreignWaitTimeout ?? 1000 },
      batchBudget: tuning.batchBudget ?? 1,
      busyTimeout: tuning.busyTimeout ?? 5000,
      mayCommit: () => this.#durability?.barrier.idle ?? true,
      onBatch: () => this.readers.onBatch(),
      onBatchEnd: () => this.readers.onBatchEnd(),
      onCommit: (passed, failed) => this.#committed({ passed, failed }),
      onFailure: (error) => this.#options.onFailure(error),
    });
  }

  #createReaders(): Readers {
    const { path, clock, tuning } = this.#options;
    if (this.#durability === undefined) return new MemoryReaders(this.#connection);
    const { barrier } = this.#durability;
    return new SnapshotReaders({
      path,
      clock,
      maximum: tuning.readConnections ?? 16,
      durable: () => {
        if (barrier.idle) return undefined;
        return new Promise((passed, failed) => barrier.waitForCommitted({ passed, failed }));
      },
    });
  }

  #createDurability(): Durability {
    const { path, tuning } = this.#options;
    const threshold = tuning.checkpointFrames ?? CHECKPOINT_FRAMES;
    const wal = new WalFile(path);
    wal.extend(Math.min(threshold * FRAME_BYTES, LARGEST_IDLE_LOG));
    const sync = tuning.sync ?? ((done: (error: Error | null) => void) => wal.sync(done));
    const barrier = new DurabilityBarrier({
      sync: (done) => sync((error) => done(error === null ? null : syncFailure(path, error))),
      durable: wal.position(this.#connection),
      onFailure: (error) => this.#failed(error),
      onFree: () => this.writers.commit(),
    });
    const thread = new DatabaseThread(path);
    const checkpointer = new Checkpointer({
      thread,
      writers: this.writers,
      threshold,
      onFailure: (error) => this.#failed(error),
    });
    return { wal, barrier, thread, checkpointer };
  }

  #committed(group: BarrierWaiter): void {
    this.readers.onCommit();
    if (this.#durability === undefined) {
      group.passed();
      return;
    }
    const { wal, barrier, checkpointer } = this.#durability;
    const position = wal.position(this.#connection);
    this.#frames = position.frames;
    barrier.wait(position, group);
    checkpointer.committed(position.frames);
  }

  #failed(cause: unknown): void {
    const error =
      cause instanceof StoreUnavailableError
        ? cause
        : new StoreUnavailableError("sqlite", `The store ${this.#options.path} failed.`, { cause });
    void this.writers.refuse(error);
    this.#options.onFailure(error);
  }
}

function configure(connection: SqliteConnection, path: string): void {
  const version = String(connection.run("SELECT sqlite_version() AS version", []).rows[0]?.["version"]);
  if (isOlder(version, OLDEST_SQLITE)) {
    throw new StoreUnavailableError(
      "sqlite",
      `SQLite ${version} is too old: versions before ${OLDEST_SQLITE} can lose data. Use a newer Node.js.`,
    );
  }
  connection.run("PRAGMA cache_size = -32768", []);
  // Each member of a group has a savepoint, whose journal would otherwise go to a temporary file as soon as a member
  // touches more than sixteen pages: a guarded action does.
  connection.run("PRAGMA temp_store = MEMORY", []);
  if (path === ":memory:") return;
  const mode = connection.run("PRAGMA journal_mode = WAL", []).rows[0]?.["journal_mode"];
  if (mode !== "wal") {
    throw new StoreUnavailableError(
      "sqlite",
      `The store ${path} cannot use a write-ahead log; put the data directory on a local disk.`,
    );
  }
  connection.run("PRAGMA synchronous = NORMAL", []);
  connection.run("PRAGMA wal_autocheckpoint = 0", []);
  connection.run(`PRAGMA journal_size_limit = ${LARGEST_IDLE_LOG}`, []);
}

function isOlder(version: string, than: string): boolean {
  const parts = than.split(".").map(Number);
  const difference = version.split(".").map((part, index) => Number(part) - (parts[index] ?? 0));
  return (difference.find((value) => value !== 0) ?? 0) < 0;
}

async function migrateConnection(connection: SqliteConnection, migrations: readonly Migration[]): Promise<void> {
  await migrate(
    {
      dialect: "sqlite",
      script: async (sql) => connection.script(sql),
      // The row type is the runner's knowledge of its own statements.
      execute: async <Row>(statement: { sqlite: string }, parameters: Parameters<SqliteConnection["run"]>[1]) =>
        connection.run(statement.sqlite, parameters).rows as Row[],
    },
    migrations,
  );
}

/** Moves what an earlier process left in the log into the database, so that everything there is durable. */
function settleLog(connection: SqliteConnection, path: string): void {
  connection.run("PRAGMA wal_checkpoint(TRUNCATE)", []);
  syncDirectory(dirname(path));
}

function syncFailure(path: string, cause: Error): StoreUnavailableError {
  return new StoreUnavailableError(
    "sqlite",
    `The log of the store ${path} could not be synced to disk. It takes no writes until it has been reopened and checked.`,
    { cause },
  );
}
