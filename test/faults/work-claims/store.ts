import type { Clock, Store } from "gatehouse/kernel";
import { coreMigrations } from "gatehouse/store";
import { openPostgresStore } from "gatehouse/store/postgres";
import { openSqliteStore } from "gatehouse/store/sqlite";

/** Where a drill keeps its orders. */
export interface Place {
  readonly engine: "sqlite" | "postgres";
  /** A directory, or an address. */
  readonly where: string;
}

/** Opens the store that workers and the drill share, one after the other on SQLite. */
export function openPlace({ engine, where }: Place, clock: Clock): Promise<Store> {
  if (engine === "sqlite") return openSqliteStore({ directory: where, clock, migrations: coreMigrations });
  const limits = { acquire: 20_000, statement: 20_000, lock: 20_000, total: 60_000 };
  return openPostgresStore({ url: where, clock, migrations: coreMigrations, limits });
}
