import { SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler, type Kysely } from "kysely";
import type { SqlValue } from "../../kernel/ports/store.ts";
import { queryBuilders } from "../query-builder.ts";
import type { StatementRunner } from "./sqlite-connection.ts";

const build = queryBuilders({
  compiler: new SqliteQueryCompiler(),
  adapter: new SqliteAdapter(),
  introspect: (database) => new SqliteIntrospector(database),
});

/** A query builder whose statements run on `runner`. */
export function createQueryBuilder<Tables>(runner: StatementRunner): Kysely<Tables> {
  return build<Tables>(async ({ sql, parameters }) => {
    // Kysely types parameters as unknown; SQLite refuses what it cannot bind.
    return runner.run(sql, parameters as readonly SqlValue[]);
  });
}
