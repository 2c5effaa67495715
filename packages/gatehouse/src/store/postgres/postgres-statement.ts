import { Client } from "pg";

const TIMEOUT = 10_000;

/** Runs one statement on a connection of its own: for administration such as creating a database. */
export async function runStatement(url: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: TIMEOUT, query_timeout: TIMEOUT });
  client.on("error", () => undefined);
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
