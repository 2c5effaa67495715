import { after, before, describe } from "node:test";
import type { ConfigInput } from "gatehouse/kernel";
import { skipWithout, startPostgres, type PostgresService, type TestDatabase } from "gatehouse/testing";

/** One of the engines that a group of tests runs on. */
export interface StoreEngine {
  readonly name: "SQLite" | "PostgreSQL";
  /** Where a server of its own keeps what it has: an empty store each time. */
  place(): Promise<Pick<ConfigInput, "store">>;
}

/** Runs a group of tests on SQLite and on PostgreSQL; where PostgreSQL is missing, that group is skipped and says so. */
export async function describeStoreEngines(title: string, body: (engine: StoreEngine) => void): Promise<void> {
  describe(`${title}, on SQLite`, () => body({ name: "SQLite", place: async () => ({}) }));
  const skip = await skipWithout("postgres");
  describe(`${title}, on PostgreSQL`, { skip }, () => {
    let service: PostgresService;
    const databases: TestDatabase[] = [];
    before(async () => {
      service = await startPostgres({ durable: false });
    });
    after(async () => {
      for (const database of databases) await database[Symbol.asyncDispose]();
      await service[Symbol.asyncDispose]();
    });
    body({
      name: "PostgreSQL",
      async place() {
        const database = await service.createDatabase();
        databases.push(database);
        return { store: { engine: "postgres", postgresUrl: database.url } };
      },
    });
  });
}
