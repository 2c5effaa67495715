import { readFileSync } from "node:fs";
import type { Config } from "../kernel/config.ts";
import type { GuardedTables, Migration } from "../kernel/ports/store.ts";
import { coreMigrations } from "../store/migrations/core-migrations.ts";
import { allGuardedTables } from "../store/migrations/guarded-tables.ts";
import type { PostgresSettings } from "../store/postgres/postgres-settings.ts";
import type { PostgresSchemaOptions } from "../store/postgres/postgres-store.ts";

/** What an application brings to the schema. */
export interface SchemaParts {
  readonly migrations?: readonly Migration[] | undefined;
  readonly guardedTables?: GuardedTables | undefined;
}

/** Where a PostgreSQL server of the configuration is. */
export function postgresSettings({ store, profile }: Config, url: string): PostgresSettings {
  return {
    ...{ url, profile },
    ...(store.postgresCa === undefined ? {} : { ca: readFileSync(store.postgresCa, "utf8") }),
  };
}

/** The schema of the configured store, and who changes it. */
export function postgresSchema(config: Config, parts: SchemaParts): PostgresSchemaOptions {
  const { postgresUrl, postgresMigratorUrl: url, postgresReplicaUrl } = config.store;
  if (postgresUrl === undefined) throw new TypeError("store.postgresUrl is not set.");
  const reader = postgresReplicaUrl === undefined ? undefined : roleOf(postgresReplicaUrl);
  const guarded = allGuardedTables(parts.guardedTables);
  return {
    ...postgresSettings(config, postgresUrl),
    migrations: [...coreMigrations, ...(parts.migrations ?? [])],
    ...(url === undefined
      ? {}
      : { migrator: { url, grants: { reader, guarded, keepDays: config.audit.retentionDays } } }),
  };
}

/** The role that connects with an address. */
export function roleOf(postgresUrl: string): string {
  const { username, searchParams } = new URL(postgresUrl);
  return decodeURIComponent(username) || (searchParams.get("user") ?? "postgres");
}
