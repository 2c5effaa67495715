import {
  DefaultQueryExecutor,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type CompiledQuery,
  type DatabaseConnection,
  type DatabaseIntrospector,
  type Dialect,
  type Driver,
  type QueryResult,
} from "kysely";
import type { QueryConfig } from "pg";

import { TransactionMisuseError } from "../../kernel/ports/store.ts";

/** Rows of a statement, and how many it changed. */
export interface StatementResult {
  readonly rows: unknown[];
  readonly rowCount: number | null;
}

/** Runs statements one after the other. */
export interface StatementRunner {
  run(statement: QueryConfig): Promise<StatementResult>;
}

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

const compiler = new PostgresQueryCompiler();
const adapter = new PostgresAdapter();

const dialect: Dialect = {
  createAdapter: () => adapter,
  createDriver: () => refusingDriver,
  createQueryCompiler: () => compiler,
  createIntrospector: (database: Kysely<unknown>): DatabaseIntrospector => new PostgresIntrospector(database),
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
    const { rows, rowCount } = await this.#runner.run({ text: query.sql, values: [...query.parameters] });
    // The row type is the caller's declaration of the tables.
    return { rows: rows as Row[], numAffectedRows: BigInt(rowCount ?? 0) };
  }

  async *streamQuery<Row>(query: CompiledQuery): AsyncIterableIterator<QueryResult<Row>> {
    yield await this.executeQuery<Row>(query);
  }
}
