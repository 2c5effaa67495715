export { openPostgresBus, type PostgresBusOptions } from "./store/postgres/postgres-bus.ts";
export type { PostgresLimits } from "./store/postgres/postgres-pool.ts";
export type { PostgresSettings } from "./store/postgres/postgres-settings.ts";
export { openPostgresStore, type PostgresStore, type PostgresStoreOptions } from "./store/postgres/postgres-store.ts";
