import type { GuardedTables } from "../kernel/ports/store.ts";
import { allGuardedTables } from "../store/migrations/guarded-tables.ts";
import { grantPostgres } from "../store/postgres/postgres-administration.ts";
import type { Grants } from "../store/postgres/postgres-grants.ts";
import { runStatement } from "../store/postgres/postgres-statement.ts";
import { randomText } from "./services.ts";

/** Addresses of one database for its three roles. */
export interface DatabaseRoleUrls extends AsyncDisposable {
  readonly migrator: string;
  readonly writer: string;
  readonly reader: string;
  readonly grants: Grants;
}

/** Makes three roles of a database's own. They are dropped when disposed, which comes after the database. */
export async function createDatabaseRoles(
  url: string,
  { guardedTables, keepDays = 0 }: { readonly guardedTables?: GuardedTables; readonly keepDays?: number } = {},
): Promise<DatabaseRoleUrls> {
  const suffix = randomText(4);
  const names = { migrator: `migrator_${suffix}`, writer: `writer_${suffix}`, reader: `reader_${suffix}` };
  const grants = { ...names, guarded: allGuardedTables(guardedTables), keepDays };
  await grantPostgres({ url, grants, apply: true });
  const password = randomText(8);
  const addressOf = async (role: string): Promise<string> => {
    await runStatement(url, `ALTER ROLE ${role} PASSWORD '${password}'`);
    const address = new URL(url);
    address.username = role;
    address.password = password;
    return address.href;
  };
  const server = new URL(url);
  server.pathname = "/postgres";
  return {
    grants,
    migrator: await addressOf(names.migrator),
    writer: await addressOf(names.writer),
    reader: await addressOf(names.reader),
    async [Symbol.asyncDispose]() {
      for (const role of Object.values(names)) await runStatement(server.href, `DROP ROLE ${role}`);
    },
  };
}
