import { escapeIdentifier, type Client } from "pg";

import type { AppendOnlyTable, GuardedTables } from "../../kernel/ports/store.ts";
import { besidesSpared, pruneFunction } from "../sql/append-only.ts";
import { ADVISORY_LOCK } from "../sql/migrate.ts";
import { sqlState } from "./postgres-errors.ts";
import { readFacts, type DatabaseFacts, type Relation } from "./postgres-facts.ts";

/** What the writer and the reader are granted on tables. */
export interface TableGrants {
  /** The role that the server runs with. */
  readonly writer: string;
  /** The role that reads replicas. `undefined`: there is none. */
  readonly reader: string | undefined;
  readonly guarded: Required<GuardedTables>;
  /** Days for which rows that are only appended cannot be deleted, whoever asks for it. */
  readonly keepDays: number;
}

/** Who owns the schema, and what the others are granted. */
export interface Grants extends TableGrants {
  /** The role that owns the schema and changes it. */
  readonly migrator: string;
}

/** The roles of a database cannot be made so; `message` says why and what to do. */
export class GrantError extends Error {
  override readonly name = "GrantError";
}

const DAY = 86_400_000;
const NOW = "floor(extract(epoch from clock_timestamp()) * 1000)::bigint";
const PLAIN = "NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS";
const SERVER_16 = 160_000;
const TABLE_KINDS = "rpvmf";
const UNDEFINED_ROLE = "42704";
const INSUFFICIENT_PRIVILEGE = "42501";

/**
 * The statements that make three roles and grant each what it needs, for the tables that are there now. They may be
 * carried out any number of times, by a superuser, or by a role that may create roles and owns the database.
 * @throws {GrantError} where a role could do more than its grants say.
 */
export async function describeGrants(client: Client, grants: Grants): Promise<readonly string[]> {
  const facts = await readFacts(client, grants);
  refuseUnlimited(facts, grants);
  return [
    ...roleStatements(facts, grants),
    `SET LOCAL ROLE ${name(grants.migrator)}`,
    ...tableStatements(facts, grants),
  ];
}

/**
 * Carries the statements out, all or none. Connected as the migrator, whose roles are there, it only grants.
 * @returns the statements.
 * @throws {GrantError} where the connected role may not do it.
 */
export async function applyGrants(client: Client, grants: Grants): Promise<readonly string[]> {
  const facts = await readFacts(client, grants);
  refuseUnlimited(facts, grants);
  if (facts.user === grants.migrator && !facts.superuser) return grantTables(client, grants);
  const statements = await describeGrants(client, grants);
  await runTogether(client, statements, facts.user);
  return statements;
}

/** As the migrator, grants the others what they need on the tables that are there now. */
export async function grantTables(client: Client, grants: TableGrants): Promise<readonly string[]> {
  const facts = await readFacts(client, grants);
  const statements = tableStatements(facts, grants);
  await runTogether(client, statements, facts.user);
  return statements;
}

/** The statements as a script for psql. */
export function grantScript(statements: readonly string[]): string {
  return ["BEGIN", ...statements, "COMMIT"].map((statement) => `${statement};`).join("\n");
}

async function runTogether(client: Client, statements: readonly string[], user: string): Promise<void> {
  const lock = `SELECT pg_advisory_xact_lock(${ADVISORY_LOCK})`;
  try {
    await client.query(grantScript([lock, ...statements]));
  } catch (error) {
    await client.query("ROLLBACK");
    throw explain(error, user);
  }
}

function explain(error: unknown, user: string): unknown {
  const state = sqlState(error);
  if (!(error instanceof Error) || (state !== INSUFFICIENT_PRIVILEGE && state !== UNDEFINED_ROLE)) return error;
  return new GrantError(
    `PostgreSQL refused this to the role ${user}: ${error.message}. A superuser can do it, or a role that may create ` +
      "roles and owns the database: set store.postgresAdminUrl, or give the output of gatehouse store grants to psql.",
    { cause: error },
  );
}

/** Grants bind neither superusers nor owners, and members of a role have all that it has. */
function refuseUnlimited(facts: DatabaseFacts, { migrator, writer, reader }: Grants): void {
  const names = [migrator, writer, ...(reader === undefined ? [] : [reader])];
  if (new Set(names).size < names.length)
    throw new GrantError(`Three roles need three names, not ${names.join(", ")}.`);
  for (const role of facts.roles) {
    if (role.unlimited) {
      throw new GrantError(`The role ${role.name} is a superuser or bypasses row security: no grant limits it.`);
    }
    if (role.name === migrator) continue;
    if (role.ownsDatabase) {
      const owned = `ALTER DATABASE ${name(facts.database)} OWNER TO ${name(migrator)}`;
      throw new GrantError(
        `The role ${role.name} owns the database and may do everything there. Choose another one, or once the role ` +
          `${migrator} is there: ${owned};`,
      );
    }
    if (role.isMigrator)
      throw new GrantError(`The role ${role.name} is a member of ${migrator} and has all its rights.`);
  }
}

function roleStatements(facts: DatabaseFacts, grants: Grants): string[] {
  const { migrator, writer, reader } = grants;
  const others = [writer, ...(reader === undefined ? [] : [reader])];
  const everybody = [migrator, ...others];
  const [database, schema] = [name(facts.database), name(facts.schema)];
  const member = facts.version >= SERVER_16 ? "SET" : "MEMBER";
  const foreign = facts.relations.filter(({ owner }) => owner !== migrator);
  return [
    ...everybody.map((role) =>
      unless(`SELECT FROM pg_roles WHERE rolname = ${text(role)}`, `CREATE ROLE ${name(role)} LOGIN ${PLAIN}`),
    ),
    // Who hands something over to a role must be able to become it.
    unless(`SELECT WHERE pg_has_role(${text(migrator)}, '${member}')`, `GRANT ${name(migrator)} TO CURRENT_USER`),
    ...everybody.map((role) => `ALTER ROLE ${name(role)} IN DATABASE ${database} SET search_path = ${schema}`),
    ...(reader === undefined
      ? []
      : [`ALTER ROLE ${name(reader)} IN DATABASE ${database} SET default_transaction_read_only = on`]),
    `REVOKE CREATE, TEMPORARY ON DATABASE ${database} FROM PUBLIC`,
    `REVOKE ALL ON DATABASE ${database} FROM ${others.map(name).join(", ")}`,
    `GRANT CONNECT ON DATABASE ${database} TO ${everybody.map(name).join(", ")}`,
    ...(facts.schemaOwner === migrator ? [] : takeSchemaOver(database, schema, name(migrator))),
    ...foreign.map((relation) => `ALTER TABLE ${schema}.${name(relation.name)} OWNER TO ${name(migrator)}`),
  ];
}

/** An owner of a schema must be able to create schemas while it becomes one, and not any longer. */
function takeSchemaOver(database: string, schema: string, migrator: string): string[] {
  return [
    `GRANT CREATE ON DATABASE ${database} TO ${migrator}`,
    `ALTER SCHEMA ${schema} OWNER TO ${migrator}`,
    `REVOKE CREATE ON DATABASE ${database} FROM ${migrator}`,
  ];
}

function tableStatements(facts: DatabaseFacts, grants: TableGrants): string[] {
  const { writer, reader, guarded, keepDays } = grants;
  const schema = name(facts.schema);
  const others = [writer, ...(reader === undefined ? [] : [reader])].map(name).join(", ");
  const from = `FROM PUBLIC, ${others}`;
  const tables = facts.relations.filter(({ kind }) => TABLE_KINDS.includes(kind));
  const appendOnly = guarded.appendOnly.filter(({ table }) => tables.some((one) => one.name === table));
  return [
    `REVOKE ALL ON SCHEMA ${schema} ${from}`,
    `GRANT USAGE ON SCHEMA ${schema} TO ${others}`,
    // Nobody has said yet what the reader may see of a table to come.
    `ALTER DEFAULT PRIVILEGES IN SCHEMA ${schema} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO ${name(writer)}`,
    `ALTER DEFAULT PRIVILEGES IN SCHEMA ${schema} GRANT USAGE, SELECT ON SEQUENCES TO ${name(writer)}`,
    `REVOKE ALL ON ALL TABLES IN SCHEMA ${schema} ${from}`,
    `REVOKE ALL ON ALL SEQUENCES IN SCHEMA ${schema} ${from}`,
    `GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA ${schema} TO ${name(writer)}`,
    ...tables.map(
      (table) => `GRANT ${writerRights(table, guarded)} ON ${schema}.${name(table.name)} TO ${name(writer)}`,
    ),
    ...(reader === undefined ? [] : tables.flatMap((table) => readerGrant(schema, table, { reader, guarded }))),
    ...appendOnly.flatMap((table) => pruning(schema, { ...table, writer, keepDays })),
  ];
}

const MIGRATIONS = "schema_migrations";

function writerRights(table: Relation, { appendOnly }: Required<GuardedTables>): string {
  if (table.name === MIGRATIONS) return "SELECT";
  const appended = appendOnly.some((one) => one.table === table.name);
  return appended ? "SELECT, INSERT" : "SELECT, INSERT, UPDATE, DELETE";
}

function readerGrant(
  schema: string,
  table: Relation,
  { reader, guarded }: { readonly reader: string; readonly guarded: Required<GuardedTables> },
): string[] {
  const secret = guarded.secret.filter((one) => one.table === table.name);
  if (secret.some(({ columns }) => columns === undefined)) return [];
  const hidden = new Set(secret.flatMap(({ columns = [] }) => columns));
  const shown = table.columns.filter((column) => !hidden.has(column)).map(name);
  const what = hidden.size === 0 ? "SELECT" : `SELECT (${shown.join(", ")})`;
  return [`GRANT ${what} ON ${schema}.${name(table.name)} TO ${name(reader)}`];
}

interface Pruning extends AppendOnlyTable {
  readonly writer: string;
  readonly keepDays: number;
}

/** Retention without the right to delete: a function of the owner's that spares what is young. */
function pruning(schema: string, pruned: Pruning): string[] {
  const { table, time, writer, keepDays } = pruned;
  const callable = `${schema}.${name(pruneFunction(table))}(bigint, bigint)`;
  const [whole, at] = [`${schema}.${name(table)}`, name(time)];
  const old = `${at} < least($1, ${NOW} - ${keepDays * DAY})${besidesSpared(pruned)}`;
  const body =
    `WITH gone AS (DELETE FROM ${whole} WHERE ctid IN (SELECT ctid FROM ${whole} WHERE ${old} ORDER BY ${at} LIMIT $2) ` +
    "RETURNING 1) SELECT count(*) FROM gone";
  return [
    `CREATE OR REPLACE FUNCTION ${callable} RETURNS bigint LANGUAGE sql SECURITY DEFINER ` +
      `SET search_path = ${schema}, pg_temp AS ${text(body)}`,
    `REVOKE ALL ON FUNCTION ${callable} FROM PUBLIC`,
    `GRANT EXECUTE ON FUNCTION ${callable} TO ${name(writer)}`,
  ];
}

function unless(condition: string, statement: string): string {
  return `DO ${text(`BEGIN IF NOT EXISTS (${condition}) THEN ${statement}; END IF; END`)}`;
}

function name(identifier: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(identifier) ? identifier : escapeIdentifier(identifier);
}

function text(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}
