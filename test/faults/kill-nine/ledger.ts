import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { gallery } from "@gatehouse/gallery";
import { systemClock, type Migration, type SqlValue } from "gatehouse/kernel";
import { coreMigrations } from "gatehouse/store";
import { openPostgresStore } from "gatehouse/store/postgres";

/** What the store holds once the server is stopped, read without the server. */
export interface Ledger {
  /** Entries of guestbooks: how often each message occurs. */
  readonly messages: ReadonlyMap<string, number>;
  /** Hearts given. */
  readonly likes: number;
  /** Rows of the audit trail about changes: request identifiers by action. */
  readonly changes: ReadonlyMap<string, readonly string[]>;
  /** Idempotency records by state. */
  readonly records: ReadonlyMap<string, number>;
  /** What the engine's own check of its files finds wrong. */
  readonly damage: readonly string[];
}

/** Asks a store that no server has open. */
export type Query = (sql: string) => Promise<readonly Readonly<Record<string, unknown>>[]>;
type Read<Result> = (query: Query, damage: readonly string[]) => Promise<Result>;

const FILE = "store.db";

/** Reads the embedded store of a data directory. */
export function readSqliteLedger(data: string): Promise<Ledger> {
  return inspectSqlite(data, read);
}

/** Reads a PostgreSQL database. */
export function readPostgresLedger(url: string): Promise<Ledger> {
  return inspectPostgres(url, [...coreMigrations, ...(gallery.migrations ?? [])], read);
}

/** Looks into the embedded store of a data directory, and has it checked. */
export async function inspectSqlite<Result>(data: string, look: Read<Result>): Promise<Result> {
  using database = new DatabaseSync(join(data, FILE), { readOnly: true });
  const query: Query = async (sql) => database.prepare(sql).all();
  const integrity = await query("PRAGMA integrity_check");
  const foreign = await query("PRAGMA foreign_key_check");
  const damage = [
    ...integrity.map((row) => String(row["integrity_check"])).filter((text) => text !== "ok"),
    ...foreign.map((row) => `foreign key ${JSON.stringify(row)}`),
  ];
  return await look(query, damage);
}

/** Looks into a PostgreSQL database, and has its tables and indexes checked with `amcheck`. */
export async function inspectPostgres<Result>(
  url: string,
  migrations: readonly Migration[],
  look: Read<Result>,
): Promise<Result> {
  await using store = await openPostgresStore({ url, clock: systemClock, migrations });
  const run = (sql: string): readonly [{ sqlite: string; postgres: string }, readonly SqlValue[]] => [
    { sqlite: "", postgres: sql },
    [],
  ];
  const query: Query = (sql) => store.read((transaction) => transaction.execute<Record<string, unknown>>(...run(sql)));
  await store.write((transaction) => transaction.execute(...run("CREATE EXTENSION IF NOT EXISTS amcheck")));
  const heaps = await query(`SELECT relname, msg FROM pg_class, LATERAL verify_heapam(oid)
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace`);
  const damage = heaps.map((row) => `${String(row["relname"])}: ${String(row["msg"])}`);
  // Throws at the first damaged index, with what is wrong.
  await query(`SELECT bt_index_check(index.indexrelid, true) FROM pg_index AS index
    JOIN pg_class AS class ON class.oid = index.indexrelid
    JOIN pg_am AS method ON method.oid = class.relam AND method.amname = 'btree'
    WHERE class.relnamespace = 'public'::regnamespace`);
  return await look(query, damage);
}

async function read(query: Query, damage: readonly string[]): Promise<Ledger> {
  const messages = await query("SELECT message, count(*) AS count FROM gallery_entries GROUP BY message");
  const likes = await query("SELECT count(*) AS count FROM gallery_likes");
  const rows = await query("SELECT action, request_id FROM audit_events WHERE name = 'action_performed'");
  const records = await query("SELECT state, count(*) AS count FROM idempotency_records GROUP BY state");
  const changes = new Map<string, string[]>();
  for (const row of rows) {
    const action = String(row["action"]);
    changes.set(action, [...(changes.get(action) ?? []), String(row["request_id"])]);
  }
  const counts = (list: typeof messages, name: string): Map<string, number> =>
    new Map(list.map((row) => [String(row[name]), Number(row["count"])]));
  return {
    messages: counts(messages, "message"),
    likes: Number(likes[0]?.["count"]),
    changes,
    records: counts(records, "state"),
    damage,
  };
}
