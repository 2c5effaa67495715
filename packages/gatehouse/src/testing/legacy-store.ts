import { systemClock } from "../kernel/clock.ts";
import type { Store } from "../kernel/ports/store.ts";
import { coreMigrations } from "../store/migrations/core-migrations.ts";
import { portableMigration } from "../store/migrations/portable-migration.ts";
import { openPostgresStore } from "../store/postgres/postgres-store.ts";
import { openSqliteStore } from "../store/sqlite/sqlite-store.ts";

const LEGACY = portableMigration(
  "9100_legacy",
  `CREATE TABLE join_codes (
    id {integer} NOT NULL PRIMARY KEY,
    code TEXT,
    event_id {integer} NOT NULL,
    expires TEXT
  ) {strict}`,
);

/** A store with a table of an earlier system in it: in a directory, or at an address. */
export async function openLegacyStore(engine: string, place: string): Promise<Store> {
  const migrations = [...coreMigrations, LEGACY];
  return engine === "sqlite"
    ? openSqliteStore({ directory: place, clock: systemClock, migrations })
    : openPostgresStore({ url: place, clock: systemClock, migrations });
}
