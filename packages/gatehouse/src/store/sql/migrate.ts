import { createHash } from "node:crypto";
import type { Dialect, Migration, SqlValue, Statement } from "../../kernel/ports/store.ts";
import { portableStatement } from "./statement.ts";

/** What a migration runner needs of an engine: one connection nobody else uses meanwhile. */
export interface MigrationConnection {
  readonly dialect: Dialect;
  /** Runs a script of one or more statements without parameters. */
  script(sql: string): Promise<void>;
  execute<Row>(statement: Statement, parameters: readonly SqlValue[]): Promise<Row[]>;
}

/** The schema and the list of migrations do not belong together; `message` says which and what to do. */
export class MigrationError extends Error {
  override readonly name = "MigrationError";
}

interface AppliedRow {
  readonly name: string;
  readonly checksum: string;
}

const NAME = /^(\d{4})_[a-z0-9_]+$/;

/** One key for all runners of an installation: PostgreSQL holds others off until the transaction ends. */
export const ADVISORY_LOCK = 4_748_253_001;

const CREATE_TABLE = {
  sqlite: `CREATE TABLE schema_migrations (
    name TEXT PRIMARY KEY, checksum TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT`,
  postgres: `CREATE TABLE schema_migrations (
    name TEXT COLLATE "C" PRIMARY KEY, checksum TEXT NOT NULL, applied_at BIGINT NOT NULL)`,
};
const EXISTS: Statement = {
  sqlite: "SELECT name FROM sqlite_schema WHERE type = 'table' AND name = 'schema_migrations'",
  postgres: "SELECT relname AS name FROM pg_class WHERE oid = to_regclass('schema_migrations')",
};
const BEGIN = { sqlite: "BEGIN IMMEDIATE", postgres: `BEGIN; SELECT pg_advisory_xact_lock(${ADVISORY_LOCK})` };
const APPLIED = portableStatement("SELECT name, checksum FROM schema_migrations ORDER BY name");
const RECORD = portableStatement("INSERT INTO schema_migrations (name, checksum, applied_at) VALUES ($1, $2, {now})");

/**
 * Brings the schema up to the last migration, each in a transaction of its own under a lock that other
 * runners wait for. Migrations are forward-only and never change once applied. They are numbered in series
 * of a thousand (`0001` to `0999` the platform, `1001` ... one module, and so on); within a series none is
 * applied after a later one.
 * @returns the names of the migrations that were applied now.
 * @throws {MigrationError} when an applied migration has changed or is missing from the list, when a new one
 * would come before an applied one of its series, or when names are not numbered and unique.
 */
export async function migrate(connection: MigrationConnection, migrations: readonly Migration[]): Promise<string[]> {
  const ordered = inOrder(migrations);
  await locked(connection, async () => {
    if (!(await hasTable(connection))) await connection.script(CREATE_TABLE[connection.dialect]);
    check(await applied(connection), ordered, connection.dialect);
  });
  const done: string[] = [];
  for (const migration of ordered) {
    if (await locked(connection, () => apply(connection, migration))) done.push(migration.name);
  }
  return done;
}

/**
 * The names of the migrations that are still to be applied, once no other runner is at it. Changes nothing.
 * @throws {MigrationError} as `migrate` does.
 */
export async function pendingMigrations(
  connection: MigrationConnection,
  migrations: readonly Migration[],
): Promise<string[]> {
  const ordered = inOrder(migrations);
  const rows = await locked(connection, async () => ((await hasTable(connection)) ? applied(connection) : []));
  check(rows, ordered, connection.dialect);
  const done = new Set(rows.map(({ name }) => name));
  return ordered.map(({ name }) => name).filter((name) => !done.has(name));
}

async function hasTable(connection: MigrationConnection): Promise<boolean> {
  return (await connection.execute(EXISTS, [])).length > 0;
}

/** SHA-256 of a migration's text for one engine, as `schema_migrations` keeps it. */
function migrationChecksum(migration: Migration, dialect: Dialect): string {
  return createHash("sha256").update(migration[dialect]).digest("hex");
}

function inOrder(migrations: readonly Migration[]): Migration[] {
  const numbers = new Map<string, string>();
  for (const { name } of migrations) {
    const number = NAME.exec(name)?.[1];
    if (number === undefined) throw new MigrationError(`The migration "${name}" is not named like 0001_documents.`);
    const other = numbers.get(number);
    if (other !== undefined) throw new MigrationError(`The migrations ${other} and ${name} have the same number.`);
    numbers.set(number, name);
  }
  return migrations.toSorted((left, right) => (left.name < right.name ? -1 : 1));
}

function check(rows: readonly AppliedRow[], migrations: readonly Migration[], dialect: Dialect): void {
  const known = new Map(migrations.map((migration) => [migration.name, migration]));
  for (const row of rows) {
    const migration = known.get(row.name);
    if (migration === undefined) {
      throw new MigrationError(
        `The database has the migration ${row.name}, which this version does not know. ` +
          "If it is one of your application's own, name the application with --config FILE. Otherwise a newer version " +
          "wrote it: start that one, or restore an earlier backup.",
      );
    }
    if (row.checksum !== migrationChecksum(migration, dialect)) {
      throw new MigrationError(
        `The migration ${row.name} is not the one that was applied to this database. ` +
          `Applied migrations must not be edited: put the old text back and add a new migration.`,
      );
    }
  }
  const names = new Set(rows.map((row) => row.name));
  const late = migrations.find(({ name }) => !names.has(name) && rows.some((row) => isLaterInSeries(row.name, name)));
  if (late !== undefined) {
    throw new MigrationError(
      `The migration ${late.name} was never applied, but a later one of its series was. Give it a new number.`,
    );
  }
}

function isLaterInSeries(name: string, than: string): boolean {
  return name[0] === than[0] && name > than;
}

async function apply(connection: MigrationConnection, migration: Migration): Promise<boolean> {
  const rows = await applied(connection);
  if (rows.some((row) => row.name === migration.name)) return false;
  try {
    await connection.script(migration[connection.dialect]);
  } catch (error) {
    throw new MigrationError(`The migration ${migration.name} failed and was rolled back.`, { cause: error });
  }
  await connection.execute(RECORD, [migration.name, migrationChecksum(migration, connection.dialect)]);
  return true;
}

function applied(connection: MigrationConnection): Promise<AppliedRow[]> {
  return connection.execute<AppliedRow>(APPLIED, []);
}

async function locked<Result>(connection: MigrationConnection, work: () => Promise<Result>): Promise<Result> {
  await connection.script(BEGIN[connection.dialect]);
  let result: Result;
  try {
    result = await work();
  } catch (error) {
    // Some errors have ended the transaction already; the first one is the one to tell.
    await connection.script("ROLLBACK").catch(() => undefined);
    throw error;
  }
  await connection.script("COMMIT");
  return result;
}
