import type { Kysely } from "kysely";

/** The transactional engines. Portable SQL is the rule; the dialect is there for the few statements that differ. */
export type Dialect = "sqlite" | "postgres";

/** A statement compiled once and reused; parameters are positional. */
export interface Statement {
  readonly sqlite: string;
  readonly postgres: string;
}

/** Reads rows of a consistent snapshot. */
export interface ReadTransaction {
  readonly dialect: Dialect;
  /** Query builder over the tables the caller declares; rows keep the portable types (integers, text, blobs). */
  query<Tables>(): Kysely<Tables>;
  /** Runs a precompiled statement and returns its rows. */
  execute<Row>(statement: Statement, parameters: readonly SqlValue[]): Promise<Row[]>;
}

/** Changes rows; all of it becomes durable, or none. */
export interface WriteTransaction extends ReadTransaction {
  /**
   * Database time in epoch milliseconds, one value for the whole transaction. Leases and expiries are
   * judged by it, so that the clocks of several servers do not matter.
   */
  now(): Promise<number>;
  /**
   * Runs a statement of whose answer nothing is expected but that it succeeds: where it fails, the whole transaction does, and
   * `write` rejects with its error. Nobody waits for it, so that it and the commit are one round trip.
   */
  later(statement: Statement, parameters: readonly SqlValue[]): void;
  /** Runs once the transaction is durable; never runs when it is rolled back. */
  afterCommit(effect: () => void): void;
  /** A savepoint: rolled back alone when `work` throws. */
  nested<Result>(work: (transaction: WriteTransaction) => Promise<Result>): Promise<Result>;
}

/** Values the portable subset binds: text, integers and reals, blobs, null. */
export type SqlValue = string | number | bigint | Uint8Array | null;

/** Health of one store, for readiness and the console. */
export interface StoreHealth {
  readonly name: string;
  readonly engine: string;
  readonly state: "up" | "degraded" | "down";
  /** Milliseconds the last probe took. */
  readonly latency: number;
  readonly detail: string;
}

/**
 * How a transaction stands to those that run beside it. `serializable`: as if it were alone. `read committed`: each
 * statement sees what was committed by then, which is for work that locks, or changes, whatever it goes by. SQLite runs one
 * after the other, whatever is asked for.
 */
export type Isolation = "serializable" | "read committed";

/** What must last: one transactional engine. */
export interface Store extends AsyncDisposable {
  readonly dialect: Dialect;
  /** Reads outside the queue of writers, on a snapshot of what is committed. */
  read<Result>(work: (transaction: ReadTransaction) => Promise<Result>): Promise<Result>;
  /**
   * Runs `work` in a transaction and resolves once it is durable. `work` may await nothing but the
   * transaction it is given. A throw rolls back this transaction alone. Default isolation: `serializable`.
   * @throws {StoreUnavailableError} when the engine cannot take writes; its `outcome` says whether anything was changed.
   */
  write<Result>(
    work: (transaction: WriteTransaction) => Promise<Result>,
    options?: { readonly isolation?: Isolation },
  ): Promise<Result>;
  health(): Promise<StoreHealth>;
}

/** Reads that may be answered elsewhere than by the store itself, as fresh as there. */
export interface SnapshotReads {
  /** Reads a snapshot of at least what was committed when it was called. `purpose` says for what: the name of an action. */
  read<Result>(purpose: string, work: (transaction: ReadTransaction) => Promise<Result>): Promise<Result>;
}

/** The engine did not answer within its time box, refuses writes, or its breaker is open. */
export class StoreUnavailableError extends Error {
  override readonly name = "StoreUnavailableError";
  readonly store: string;
  /**
   * `unchanged`: nothing was changed. `unknown`: the answer to a commit was lost, so the change may have been
   * made; only a retry under the same idempotency key tells.
   */
  readonly outcome: "unchanged" | "unknown";
  constructor(store: string, message: string, options?: ErrorOptions & { outcome?: "unchanged" | "unknown" }) {
    super(message, options);
    this.store = store;
    this.outcome = options?.outcome ?? "unchanged";
  }
}

/** A transaction was used against its rules: after its end, or around something it may not wait for. A bug of the caller. */
export class TransactionMisuseError extends Error {
  override readonly name = "TransactionMisuseError";
}

/** One forward-only step of the schema. */
export interface Migration {
  /** `0001_idempotency`: a number that orders it, and a name. */
  readonly name: string;
  readonly sqlite: string;
  readonly postgres: string;
}

/** A table whose rows are added and read. Nobody changes them; only retention deletes, and only what is old. */
export interface AppendOnlyTable {
  readonly table: string;
  /** Its column with the time of a row, in epoch milliseconds. */
  readonly time: string;
  /** Retention leaves a row alone whose `column` is the `id` of a row in one of these tables. */
  readonly spared?: { readonly column: string; readonly by: readonly string[] };
}

/** A table with secrets or with what stands for them, or some columns of a table. */
export interface SecretTable {
  readonly table: string;
  /** Default: the whole table. */
  readonly columns?: readonly string[];
}

/** Tables on which roles of the database have less than their usual rights. */
export interface GuardedTables {
  readonly appendOnly?: readonly AppendOnlyTable[];
  readonly secret?: readonly SecretTable[];
}
