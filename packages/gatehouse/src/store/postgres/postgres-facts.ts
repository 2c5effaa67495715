import type { Client } from "pg";

/** A table, view or sequence of the schema. */
export interface Relation {
  readonly name: string;
  /** One letter, as in `pg_class.relkind`. */
  readonly kind: string;
  readonly owner: string;
  readonly columns: readonly string[];
}

/** A role that exists already. */
export interface RoleFacts {
  readonly name: string;
  /** Whether no grant limits it. */
  readonly unlimited: boolean;
  readonly ownsDatabase: boolean;
  /** Whether it has the rights of the migrator. */
  readonly isMigrator: boolean;
}

/** What is in a database, as far as grants are concerned. */
export interface DatabaseFacts {
  readonly version: number;
  /** Who is connected. */
  readonly user: string;
  readonly superuser: boolean;
  readonly database: string;
  readonly schema: string;
  readonly schemaOwner: string;
  readonly relations: readonly Relation[];
  readonly roles: readonly RoleFacts[];
}

/** The schema with the migrations, and before there are any, the one that everything lands in. */
const WHERE = `
  SELECT current_setting('server_version_num')::int AS version, current_user AS user, current_database() AS database,
    (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS superuser,
    n.nspname AS schema, pg_get_userbyid(n.nspowner) AS schema_owner
  FROM pg_namespace n WHERE n.oid = coalesce(
    (SELECT relnamespace FROM pg_class WHERE relname = 'schema_migrations' AND relkind = 'r' LIMIT 1),
    to_regnamespace(current_schema()), to_regnamespace('public'))`;

/** Members of extensions, and sequences that belong to a column, have owners and rights that come from elsewhere. */
const RELATIONS = `
  SELECT c.relname AS name, c.relkind::text AS kind, pg_get_userbyid(c.relowner) AS owner,
    coalesce((SELECT json_agg(a.attname ORDER BY a.attnum) FROM pg_attribute a
      WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), '[]')::text AS columns
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND NOT EXISTS (
    SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
      AND (d.deptype = 'e' OR c.relkind = 'S' AND d.deptype IN ('a', 'i')))
  ORDER BY c.relname`;

const ROLES = `
  SELECT r.rolname AS name, r.rolsuper OR r.rolbypassrls AS unlimited,
    pg_has_role(r.oid, d.datdba, 'MEMBER') AS owns,
    coalesce((SELECT pg_has_role(r.oid, m.oid, 'MEMBER') FROM pg_roles m WHERE m.rolname = $1), false) AS migrates
  FROM pg_roles r, pg_database d
  WHERE d.datname = current_database() AND r.rolname IN ($1, $2, $3)`;

/** Looks up what there is. Everybody who can connect may. */
export async function readFacts(
  client: Client,
  {
    migrator,
    writer,
    reader,
  }: { readonly migrator?: string; readonly writer: string; readonly reader: string | undefined },
): Promise<DatabaseFacts> {
  interface Where extends Omit<DatabaseFacts, "superuser" | "schemaOwner" | "relations" | "roles"> {
    readonly superuser: number;
    readonly schema_owner: string;
  }
  const where = (await client.query<Where>(WHERE)).rows[0];
  if (where === undefined) throw new TypeError("The database has no schema for the tables.");
  const { version, user, database, schema } = where;
  const relations = await client.query<Omit<Relation, "columns"> & { columns: string }>(RELATIONS, [schema]);
  const roles = await client.query<{ name: string; unlimited: number; owns: number; migrates: number }>(ROLES, [
    migrator ?? user,
    writer,
    reader ?? writer,
  ]);
  return {
    ...{ version, user, database, schema },
    superuser: where.superuser === 1,
    schemaOwner: where.schema_owner,
    relations: relations.rows.map((row) => ({ ...row, columns: columnNames(row.columns) })),
    roles: roles.rows.map((row) => ({
      name: row.name,
      unlimited: row.unlimited === 1,
      ownsDatabase: row.owns === 1,
      isMigrator: row.migrates === 1,
    })),
  };
}

function columnNames(json: string): readonly string[] {
  // json_agg of names is a list of texts.
  return JSON.parse(json) as string[];
}
