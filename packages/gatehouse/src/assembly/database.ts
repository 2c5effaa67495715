import type { Config } from "../kernel/config.ts";
import { allGuardedTables } from "../store/migrations/guarded-tables.ts";
import { postgresSchema, postgresSettings, roleOf, type SchemaParts } from "./postgres-settings.ts";

/** A configuration, and what its application brings to the schema. */
export interface DatabaseParts extends SchemaParts {
  readonly config: Config;
}

/** The names of the three roles. */
export interface DatabaseRoles {
  readonly migrator: string;
  readonly writer: string;
  readonly reader: string;
}

/** Who gets what, and whether it is done. */
export interface DatabaseGrantOptions extends DatabaseParts {
  /** Default: those that the configured addresses name, else `gatehouse_migrator`, `gatehouse_writer`, `gatehouse_reader`. */
  readonly roles?: Partial<DatabaseRoles>;
  readonly apply: boolean;
}

/** What is granted to whom. */
export interface DatabaseGrants {
  readonly roles: DatabaseRoles;
  /** A script for psql. */
  readonly sql: string;
}

/**
 * Makes the roles of the configured PostgreSQL database, or says by which statements.
 * @throws {GrantError} where they could not be limited so, or whoever is connected may not do it.
 * @throws {StoreUnavailableError} when the server cannot be reached.
 */
export async function grantDatabase({ config, apply, ...options }: DatabaseGrantOptions): Promise<DatabaseGrants> {
  const { store } = config;
  const address = store.postgresAdminUrl ?? store.postgresMigratorUrl ?? store.postgresUrl;
  if (address === undefined) throw new TypeError("store.postgresUrl is not set.");
  const roles = { ...namedRoles(config), ...options.roles };
  const guarded = allGuardedTables(options.guardedTables);
  const { grantPostgres } = await import("../store/postgres/postgres-administration.ts");
  const grants = { ...roles, guarded, keepDays: config.audit.retentionDays };
  return { roles, sql: await grantPostgres({ ...postgresSettings(config, address), grants, apply }) };
}

/**
 * Applies pending migrations to the configured PostgreSQL database, as the migrator where there is one.
 * @returns the names of those that were applied.
 * @throws {MigrationError} when the schema and the migrations do not belong together.
 * @throws {StoreUnavailableError} when the server cannot be reached.
 */
export async function migrateDatabase({ config, ...parts }: DatabaseParts): Promise<readonly string[]> {
  const { migratePostgres } = await import("../store/postgres/postgres-administration.ts");
  return migratePostgres(postgresSchema(config, parts));
}

function namedRoles({ store }: Config): DatabaseRoles {
  const named = (address: string | undefined, usual: string): string =>
    address === undefined ? usual : roleOf(address);
  return {
    migrator: named(store.postgresMigratorUrl, "gatehouse_migrator"),
    writer: named(store.postgresUrl, "gatehouse_writer"),
    reader: named(store.postgresReplicaUrl, "gatehouse_reader"),
  };
}
