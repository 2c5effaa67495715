import { PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler, type Kysely } from "kysely";
import type { QueryConfig } from "pg";
import { queryBuilders } from "../query-builder.ts";

/** Rows of a statement, and how many it changed. */
export interface StatementResult {
  readonly rows: unknown[];
  readonly rowCount: number | null;
}

/** Runs statements one after the other. */
export interface StatementRunner {
  run(statement: QueryConfig): Promise<StatementResult>;
}

const build = queryBuilders({
  compiler: new PostgresQueryCompiler(),
  adapter: new PostgresAdapter(),
  introspect: (database) => new PostgresIntrospector(database),
});

/** A query builder whose statements run on `runner`. */
export function createQueryBuilder<Tables>(runner: StatementRunner): Kysely<Tables> {
  return build<Tables>(async ({ sql: text, parameters }) => {
    const { rows, rowCount } = await runner.run({ text, values: [...parameters] });
    return { rows, changes: rowCount ?? 0 };
  });
}
