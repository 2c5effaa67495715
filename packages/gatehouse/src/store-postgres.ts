export { openPostgresStore, type PostgresStore, type PostgresStoreOptions } from "./store/postgres/postgres-store.ts";
export type { PostgresLimits } from "./store/postgres/postgres-pool.ts";
export type { PostgresSettings } from "./store/postgres/postgres-settings.ts";
