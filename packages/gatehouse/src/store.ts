export { coreMigrations } from "./store/migrations/core-migrations.ts";
export { portableMigration } from "./store/migrations/portable-migration.ts";
export { createActorRecords } from "./store/sql/realtime/actors.ts";
export { createPublications } from "./store/sql/realtime/publications.ts";
export { pruneAppendOnly, type Prune } from "./store/sql/append-only.ts";
export { createAuditTrail } from "./store/sql/audit-trail.ts";
export { createBans, type BansOptions } from "./store/sql/bans.ts";
export { createEmergencySwitches, type EmergencySwitchesOptions } from "./store/emergency-switches.ts";
export { createDocuments } from "./store/sql/documents.ts";
export { createIdempotencyRecords } from "./store/sql/idempotency-records.ts";
export { createLeases } from "./store/sql/leases.ts";
export { migrate, MigrationError, type MigrationConnection } from "./store/sql/migrate.ts";
export { createAccounts } from "./store/sql/identity/accounts.ts";
export { createFactors } from "./store/sql/identity/factors.ts";
export { createOAuthGrants } from "./store/sql/identity/oauth-grants.ts";
export { createOAuthArtifacts } from "./store/sql/identity/oauth-artifacts.ts";
export { createOAuthClients } from "./store/sql/identity/oauth-clients.ts";
export { createSessions } from "./store/sql/sessions.ts";
export { createSigningKeys } from "./store/sql/identity/signing-keys.ts";
export { createUploadRecords } from "./store/sql/media/upload-records.ts";
export { openUploadFiles } from "./store/files/upload-files.ts";
export { createMemoryUploads } from "./store/memory/memory-uploads.ts";
export { createWorkHistory } from "./store/sql/work/history.ts";
export { createWorkLeases } from "./store/sql/work/leases.ts";
export { createWorkOrders } from "./store/sql/work/orders.ts";
export { createWorkParts } from "./store/sql/work/parts.ts";
export { createWorkPauses } from "./store/sql/work/pauses.ts";
export { portableStatement } from "./store/sql/statement.ts";
export type { StoreStateChange } from "./store/breaker.ts";
export { createMemoryBus, type MemoryBusOptions } from "./store/memory/memory-bus.ts";
export {
  createMemoryCounters,
  type MemoryCounters,
  type MemoryCountersOptions,
} from "./store/memory/memory-counters.ts";
export { createSqlCounters } from "./store/sql/sql-counters.ts";
export { createResilientCounters, type FailureMode, type ResilientCountersOptions } from "./store/time-box.ts";
