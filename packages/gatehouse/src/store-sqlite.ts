export {
  backupStore,
  BackupError,
  restoreStore,
  type Backup,
  type RestoreOptions,
} from "./store/sqlite/sqlite-backup.ts";
export { hasStore } from "./store/sqlite/data-directory.ts";
export { DirectoryInUseError } from "./store/sqlite/directory-lock.ts";
export type { SqliteTuning } from "./store/sqlite/sqlite-engine.ts";
export { openSqliteStore, type SqliteStore, type SqliteStoreOptions } from "./store/sqlite/sqlite-store.ts";
