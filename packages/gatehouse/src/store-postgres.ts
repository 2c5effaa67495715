export { openPostgresBus, type PostgresBusOptions } from "./store/postgres/postgres-bus.ts";
export type { PostgresLimits } from "./store/postgres/postgres-pool.ts";
export type { PostgresSettings } from "./store/postgres/postgres-settings.ts";
export {
  openPostgresStore,
  type PostgresMigrator,
  type PostgresSchemaOptions,
  type PostgresStore,
  type PostgresStoreOptions,
} from "./store/postgres/postgres-store.ts";
export {
  openPostgresReplica,
  type PostgresReplica,
  type PostgresReplicaOptions,
} from "./store/postgres/postgres-replica.ts";
export { grantPostgres, migratePostgres, type PostgresGrantOptions } from "./store/postgres/postgres-administration.ts";
export { GrantError, type Grants, type TableGrants } from "./store/postgres/postgres-grants.ts";
