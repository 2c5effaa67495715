import {
  DefaultQueryExecutor,
  Kysely,
  type CompiledQuery,
  type DatabaseConnection,
  type DatabaseIntrospector,
  type Dialect,
  type DialectAdapter,
  type Driver,
  type QueryCompiler,
  type QueryResult,
} from "kysely";
import { TransactionMisuseError } from "../kernel/ports/store.ts";

/** What Kysely needs to know of an engine. */
export interface BuilderEngine {
  readonly compiler: QueryCompiler;
  readonly adapter: DialectAdapter;
  readonly introspect: (database: Kysely<unknown>) => DatabaseIntrospector;
}

/** Rows of a statement, and how many it changed. */
export interface BuiltResult {
  readonly rows: readonly unknown[];
  readonly changes: number | bigint;
}

/** Runs a statement that a builder has made. */
export type RunBuilt = (query: CompiledQuery) => Promise<BuiltResult>;

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

/** Makes query builders of an engine whose statements run on `run`: cheap enough for one a transaction. */
export function queryBuilders(engine: BuilderEngine): <Tables>(run: RunBuilt) => Kysely<Tables> {
  const { compiler, adapter, introspect } = engine;
  const dialect: Dialect = {
    createAdapter: () => adapter,
    createDriver: () => refusingDriver,
    createQueryCompiler: () => compiler,
    createIntrospector: introspect,
  };
  return <Tables>(run: RunBuilt) => {
    const connection = new RunnerConnection(run);
    const executor = new DefaultQueryExecutor(compiler, adapter, {
      provideConnection: (consumer) => consumer(connection),
    });
    return new Kysely<Tables>({ config: { dialect }, driver: refusingDriver, executor, dialect });
  };
}

class RunnerConnection implements DatabaseConnection {
  readonly #run: RunBuilt;

  constructor(run: RunBuilt) {
    this.#run = run;
  }

  async executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    const { rows, changes } = await this.#run(query);
    // The row type is the caller's declaration of the tables.
    return { rows: rows as Row[], numAffectedRows: BigInt(changes) };
  }

  async *streamQuery<Row>(query: CompiledQuery): AsyncIterableIterator<QueryResult<Row>> {
    yield await this.executeQuery<Row>(query);
  }
}
