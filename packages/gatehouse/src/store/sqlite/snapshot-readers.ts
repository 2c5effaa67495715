import type { Clock } from "../../kernel/clock.ts";
import type { ReadTransaction } from "../../kernel/ports/store.ts";
import type { Readers } from "./readers.ts";
import { SqliteConnection } from "./sqlite-connection.ts";
import { SqliteReadTransaction } from "./sqlite-transaction.ts";

/** A read transaction that is open on a connection, shared by all reads that began while it was the newest. */
interface Snapshot {
  readonly connection: SqliteConnection;
  readers: number;
}

/** What snapshot readers need of their store. */
export interface SnapshotReadersOptions {
  readonly path: string;
  readonly clock: Clock;
  /** Most connections, and so most snapshots of different age, at once. */
  readonly maximum: number;
  /** Resolves once everything committed so far is durable. */
  readonly durable: () => Promise<void> | undefined;
}

/**
 * Reads on snapshots of their own connections. A read sees everything committed before it began, and answers
 * only once all of that is durable: nothing is ever shown that a loss of power could take back. Reads that
 * begin between two commits share a snapshot; one that takes longer keeps its own until it ends.
 */
export class SnapshotReaders implements Readers {
  readonly #options: SnapshotReadersOptions;
  readonly #connections: SqliteConnection[] = [];
  readonly #free: SqliteConnection[] = [];
  readonly #waiting: (() => void)[] = [];
  #current: Snapshot | undefined;
  #active = 0;

  constructor(options: SnapshotReadersOptions) {
    this.#options = options;
    const first = this.#connect();
    // From its first statement on it holds a shared lock, so that no other connection is ever the last to close.
    first.run("SELECT 1 FROM sqlite_schema LIMIT 1", []);
    this.#free.push(first);
  }

  get active(): number {
    return this.#active;
  }

  async read<Result>(work: (transaction: ReadTransaction) => Promise<Result>): Promise<Result> {
    const snapshot = this.#acquire() ?? (await this.#acquireLater());
    const durable = this.#options.durable();
    // The read itself may fail first; then nobody asks whether what it saw was durable.
    durable?.catch(() => undefined);
    const transaction = new SqliteReadTransaction(snapshot.connection);
    let result: Result;
    try {
      result = await work(transaction);
    } finally {
      transaction.end();
      this.#release(snapshot);
    }
    if (durable !== undefined) await durable;
    return result;
  }

  onBatch(): void {
    if (this.#current?.readers === 0) this.onCommit();
  }

  onCommit(): void {
    const previous = this.#current;
    this.#current = undefined;
    if (previous?.readers === 0) this.#end(previous);
  }

  onBatchEnd(): void {
    // Snapshots of their own connections do not see a batch before its commit.
  }

  [Symbol.dispose](): void {
    for (const connection of this.#connections) connection[Symbol.dispose]();
  }

  #acquire(): Snapshot | undefined {
    this.#current ??= this.#begin();
    if (this.#current === undefined) return undefined;
    this.#current.readers += 1;
    this.#active += 1;
    return this.#current;
  }

  /** All connections hold older snapshots: waits until one is free. */
  async #acquireLater(): Promise<Snapshot> {
    for (;;) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
      const snapshot = this.#acquire();
      if (snapshot !== undefined) return snapshot;
    }
  }

  #begin(): Snapshot | undefined {
    if (this.#free.length === 0 && this.#connections.length >= this.#options.maximum) return undefined;
    const connection = this.#free.pop() ?? this.#connect();
    connection.run("BEGIN", []);
    // BEGIN alone takes no snapshot; the first read does.
    connection.run("SELECT 1 FROM sqlite_schema LIMIT 1", []);
    return { connection, readers: 0 };
  }

  #release(snapshot: Snapshot): void {
    snapshot.readers -= 1;
    this.#active -= 1;
    if (snapshot !== this.#current && snapshot.readers === 0) this.#end(snapshot);
  }

  #end(snapshot: Snapshot): void {
    snapshot.connection.run("COMMIT", []);
    this.#free.push(snapshot.connection);
    this.#waiting.shift()?.();
  }

  #connect(): SqliteConnection {
    const { path, clock } = this.#options;
    const connection = new SqliteConnection({ path, clock, readOnly: true });
    this.#connections.push(connection);
    return connection;
  }
}
