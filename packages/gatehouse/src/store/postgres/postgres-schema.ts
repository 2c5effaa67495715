import { Client, type ClientConfig } from "pg";

import { StoreUnavailableError, type Migration, type SqlValue, type Statement } from "../../kernel/ports/store.ts";
import { migrate } from "../sql/migrate.ts";
import { connectionFailure, POSTGRES_STORE } from "./postgres-errors.ts";
import { describeAddress } from "./postgres-settings.ts";

const OLDEST_VERSION = 150_000;

/**
 * Brings the schema up to date on a connection of its own, without limits: a migration takes the time it takes.
 * @throws {StoreUnavailableError} when the server cannot be reached or is too old.
 * @throws {MigrationError} when the schema and the migrations do not belong together.
 */
export async function prepareSchema(
  config: ClientConfig,
  connectTimeout: number,
  migrations: readonly Migration[],
): Promise<void> {
  const address = describeAddress(config);
  const client = new Client({ ...config, connectionTimeoutMillis: connectTimeout });
  client.on("error", () => undefined);
  try {
    await client.connect();
  } catch (error) {
    throw connectionFailure(error, address);
  }
  try {
    await ensureSupported(client, address);
    await migrate(
      {
        dialect: "postgres",
        async script(sql) {
          await client.query(sql);
        },
        async execute<Row>(statement: Statement, parameters: readonly SqlValue[]) {
          const { rows } = await client.query({ text: statement.postgres, values: [...parameters] });
          // The row type is the caller's knowledge of the statement.
          return rows as Row[];
        },
      },
      migrations,
    );
  } finally {
    await client.end();
  }
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
