import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { Clock } from "../../kernel/clock.ts";
import { StoreUnavailableError, type SqlValue } from "../../kernel/ports/store.ts";
import { SQLITE_NOW_FUNCTION } from "../sql/statement.ts";
import { translateReadError, translateSqliteError } from "./sqlite-error.ts";

/** Values by column name. */
export type SqliteRow = Record<string, SqlValue>;

/** What a statement answered. */
export interface StatementResult {
  readonly rows: SqliteRow[];
  /** Rows inserted, updated or deleted; 0 for a statement that returns rows. */
  readonly changes: number;
}

/** Runs statements: a connection, or a transaction's view of one. Memory stores may have to wait for their turn. */
export interface StatementRunner {
  run(sql: string, parameters: readonly SqlValue[]): StatementResult | Promise<StatementResult>;
}

interface Prepared {
  readonly statement: StatementSync;
  /** Empty for statements that return no rows. */
  readonly columns: readonly string[];
}

/** How to open a connection. */
export interface SqliteConnectionOptions {
  readonly path: string;
  readonly clock: Clock;
  readonly readOnly?: boolean;
}

const CACHED_STATEMENTS = 512;

/** One connection with its cache of prepared statements. Everything is synchronous. */
export class SqliteConnection implements StatementRunner, Disposable {
  readonly path: string;
  readonly database: DatabaseSync;
  readonly #prepared = new Map<string, Prepared>();
  readonly #translate: (error: unknown, path: string) => unknown;

  /** @throws {StoreUnavailableError} when the file cannot be opened as a database. */
  constructor(options: SqliteConnectionOptions) {
    this.path = options.path;
    this.#translate = options.readOnly === true ? translateReadError : translateSqliteError;
    try {
      this.database = new DatabaseSync(options.path, { readOnly: options.readOnly ?? false, timeout: 0 });
      this.database.function(SQLITE_NOW_FUNCTION, () => options.clock.now());
    } catch (error) {
      throw translateSqliteError(error, options.path);
    }
  }

  /** Whether a transaction is open; SQLite ends one by itself after some errors. */
  get inTransaction(): boolean {
    return this.database.isTransaction;
  }

  run(sql: string, parameters: readonly SqlValue[]): StatementResult {
    try {
      const { statement, columns } = this.#prepare(sql);
      if (columns.length === 0) return { rows: [], changes: Number(statement.run(...parameters).changes) };
      // The statement is set to return arrays, which the types of node:sqlite do not follow.
      const rows = statement.all(...parameters) as unknown as SqlValue[][];
      return { rows: toObjects(columns, rows), changes: 0 };
    } catch (error) {
      if (!this.database.isOpen) throw new StoreUnavailableError("sqlite", "The store is closed.", { cause: error });
      throw this.#translate(error, this.path);
    }
  }

  /** Runs a statement that may not change anything, on a connection that may. */
  read(sql: string, parameters: readonly SqlValue[]): StatementResult {
    this.run("PRAGMA query_only = ON", []);
    try {
      return this.run(sql, parameters);
    } catch (error) {
      throw translateReadError(error instanceof StoreUnavailableError ? error.cause : error, this.path);
    } finally {
      this.run("PRAGMA query_only = OFF", []);
    }
  }

  /** Runs a script of any number of statements, and forgets prepared ones: the schema may have changed. */
  script(sql: string): void {
    try {
      this.database.exec(sql);
    } catch (error) {
      throw translateSqliteError(error, this.path);
    }
    this.#prepared.clear();
  }

  [Symbol.dispose](): void {
    this.#prepared.clear();
    if (this.database.isOpen) this.database.close();
  }

  #prepare(sql: string): Prepared {
    const known = this.#prepared.get(sql);
    if (known !== undefined) return known;
    const statement = this.database.prepare(sql);
    statement.setReturnArrays(true);
    const prepared = { statement, columns: statement.columns().map((column) => column.name) };
    if (this.#prepared.size >= CACHED_STATEMENTS) this.#dropOldest();
    this.#prepared.set(sql, prepared);
    return prepared;
  }

  #dropOldest(): void {
    const [oldest] = this.#prepared.keys();
    if (oldest !== undefined) this.#prepared.delete(oldest);
  }
}

function toObjects(columns: readonly string[], rows: readonly SqlValue[][]): SqliteRow[] {
  return rows.map((values) => {
    const row: SqliteRow = {};
    for (let index = 0; index < columns.length; index += 1) row[columns[index] ?? ""] = values[index] ?? null;
    return row;
  });
}
