import { Client, type ClientConfig } from "pg";

import { StoreUnavailableError, type Migration, type SqlValue, type Statement } from "../../kernel/ports/store.ts";
import { migrate, MigrationError, pendingMigrations, type MigrationConnection } from "../sql/migrate.ts";
import { connectionFailure, POSTGRES_STORE, sqlState } from "./postgres-errors.ts";
import { grantTables, type TableGrants } from "./postgres-grants.ts";
import { describeAddress } from "./postgres-settings.ts";

const OLDEST_VERSION = 150_000;
const CONNECT_TIMEOUT = 5000;
const INSUFFICIENT_PRIVILEGE = "42501";
const MAY_CREATE =
  "SELECT current_user AS role, coalesce(has_schema_privilege(current_schema(), 'CREATE'), false) AS may";

/** What a schema is prepared with. */
export interface SchemaOptions {
  readonly migrations: readonly Migration[];
  /** Of the role that the store runs with. */
  readonly config: ClientConfig;
  /** Of the role that owns the schema. Default: the store's role changes it itself. */
  readonly migrator: ClientConfig | undefined;
  /** What the others are granted once the migrator has changed the schema. */
  readonly grants: Omit<TableGrants, "writer"> | undefined;
}

/**
 * Brings the schema up to date on a connection of its own, without limits: a migration takes the time it takes. Where
 * nothing is to be done, nothing but reading is tried, and the migrator does not connect.
 * @throws {StoreUnavailableError} when the server cannot be reached or is too old.
 * @throws {MigrationError} when the schema and the migrations do not belong together, or nobody may change the schema.
 */
export async function prepareSchema(options: SchemaOptions): Promise<void> {
  const { config, migrator, migrations } = options;
  await using store = await connect(config);
  const pending = await pendingMigrations(migrationConnection(store.client), migrations).catch((error: unknown) => {
    throw sqlState(error) === INSUFFICIENT_PRIVILEGE ? unreadable(config, error) : error;
  });
  if (pending.length === 0) return;
  if (migrator !== undefined) return void (await migrateSchema(options));
  const { rows } = await store.client.query<{ role: string; may: number }>(MAY_CREATE);
  if (rows[0]?.may !== 1) throw pendingWithoutMigrator(pending, config);
  await migrate(migrationConnection(store.client), migrations);
}

/**
 * Applies the pending migrations as the migrator, where there is one, and then grants the others what they need.
 * @returns the names of those that were applied.
 * @throws as `prepareSchema`.
 */
export async function migrateSchema({ config, migrator, migrations, grants }: SchemaOptions): Promise<string[]> {
  await using schema = await connect(migrator ?? config);
  const done = await migrate(migrationConnection(schema.client), migrations);
  const writer = config.user;
  if (migrator !== undefined && grants !== undefined && writer !== undefined) {
    await grantTables(schema.client, { ...grants, writer });
  }
  return done;
}

/** A connection without limits, for what is done to the schema. */
export async function connect(config: ClientConfig): Promise<{ readonly client: Client } & AsyncDisposable> {
  const address = describeAddress(config);
  const client = new Client({ ...config, connectionTimeoutMillis: CONNECT_TIMEOUT });
  client.on("error", () => undefined);
  try {
    await client.connect();
  } catch (error) {
    throw connectionFailure(error, address);
  }
  const connection = { client, [Symbol.asyncDispose]: () => client.end() };
  try {
    await ensureSupported(client, address);
    return connection;
  } catch (error) {
    await client.end();
    throw error;
  }
}

function migrationConnection(client: Client): MigrationConnection {
  return {
    dialect: "postgres",
    async script(sql) {
      await client.query(sql);
    },
    async execute<Row>(statement: Statement, parameters: readonly SqlValue[]) {
      const { rows } = await client.query({ text: statement.postgres, values: [...parameters] });
      // The row type is the caller's knowledge of the statement.
      return rows as Row[];
    },
  };
}

async function ensureSupported(client: Client, address: string): Promise<void> {
  const { rows } = await client.query<{ server_version_num: string }>("SHOW server_version_num");
  const version = Number(rows[0]?.server_version_num);
  if (version >= OLDEST_VERSION) return;
  const found = Math.floor(version / 10_000);
  throw new StoreUnavailableError(
    POSTGRES_STORE,
    `PostgreSQL at ${address} is version ${found}; 15 or newer is needed.`,
  );
}

function pendingWithoutMigrator(pending: readonly string[], { user }: ClientConfig): MigrationError {
  const [first = ""] = pending;
  const count =
    pending.length === 1 ? `The migration ${first} is` : `${pending.length} migrations, from ${first} on, are`;
  return new MigrationError(
    `${count} still to be applied, and the role ${user} may not change the schema, or not see it. Run gatehouse store ` +
      "migrate with store.postgresMigratorUrl set before this version starts; gatehouse store grants makes the roles.",
  );
}

function unreadable({ user }: ClientConfig, cause: unknown): MigrationError {
  return new MigrationError(
    `The role ${user} may not read which migrations were applied. Grant it what it needs: gatehouse store grants.`,
    { cause },
  );
}
