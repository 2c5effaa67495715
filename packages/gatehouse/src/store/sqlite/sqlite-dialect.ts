import {
  DefaultQueryExecutor,
  Kysely,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type CompiledQuery,
  type DatabaseConnection,
  type DatabaseIntrospector,
  type Dialect,
  type Driver,
  type QueryResult,
} from "kysely";
import { TransactionMisuseError, type SqlValue } from "../../kernel/ports/store.ts";
import type { StatementRunner } from "./sqlite-connection.ts";

/** Transactions belong to the store: a builder only ever runs within one. */
const refusingDriver: Driver = {
  init: () => Promise.resolve(),
  destroy: () => Promise.resolve(),
  acquireConnection: refuse,
  beginTransaction: refuse,
  commitTransaction: refuse,
  rollbackTransaction: refuse,
  releaseConnection: () => Promise.resolve(),
};

function refuse(): Promise<never> {
  const message = "A query builder of the store cannot start transactions; use transaction.nested() instead.";
  return Promise.reject(new TransactionMisuseError(message));
}

const compiler = new SqliteQueryCompiler();
const adapter = new SqliteAdapter();

const dialect: Dialect = {
  createAdapter: () => adapter,
  createDriver: () => refusingDriver,
  createQueryCompiler: () => compiler,
  createIntrospector: (database: Kysely<unknown>): DatabaseIntrospector => new SqliteIntrospector(database),
};

/** A query builder whose statements run on `runner`. Cheap enough to make one per transaction. */
export function createQueryBuilder<Tables>(runner: StatementRunner): Kysely<Tables> {
  const connection = new RunnerConnection(runner);
  const executor = new DefaultQueryExecutor(compiler, adapter, {
    provideConnection: (consumer) => consumer(connection),
  });
  return new Kysely<Tables>({ config: { dialect }, driver: refusingDriver, executor, dialect });
}

class RunnerConnection implements DatabaseConnection {
  readonly #runner: StatementRunner;

  constructor(runner: StatementRunner) {
    this.#runner = runner;
  }

  async executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    // Kysely types parameters as unknown; SQLite refuses what it cannot bind.
    const answer = this.#runner.run(query.sql, query.parameters as readonly SqlValue[]);
    const { rows, changes } = answer instanceof Promise ? await answer : answer;
    // The row type is the caller's declaration of the tables.
    return { rows: rows as Row[], numAffectedRows: BigInt(changes) };
  }

  async *streamQuery<Row>(query: CompiledQuery): AsyncIterableIterator<QueryResult<Row>> {
    yield await this.executeQuery<Row>(query);
  }
}
