import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Client } from "pg";
import { skipWithout, startPostgres, type PostgresService, type TestDatabase } from "gatehouse/testing";
import { runCommand, startServer } from "../../../../test/support/server-process.ts";

async function administer(url: string, statement: string): Promise<void> {
  const client = new Client(url);
  await client.connect();
  await client.query(statement);
  await client.end();
}

describe("gatehouse store", { skip: await skipWithout("postgres") }, () => {
  let service: PostgresService;
  let database: TestDatabase;
  before(async () => {
    service = await startPostgres();
    database = await service.createDatabase();
  });
  after(async () => {
    await database[Symbol.asyncDispose]();
    for (const role of Object.values(names)) await administer(service.url, `DROP ROLE IF EXISTS ${role}`);
    await service[Symbol.asyncDispose]();
  });

  const names = { migrator: "store_test_owner", writer: "store_test_writer", reader: "store_test_reader" };
  const words = Object.entries(names).flatMap(([role, name]) => [`--${role}`, name]);
  const engine = { GATEHOUSE_STORE_ENGINE: "postgres" };

  it("makes roles, migrates as the owner, and starts a server that may not", async () => {
    const admin = { ...engine, GATEHOUSE_STORE_POSTGRES_ADMIN_URL: database.url };
    const environment = { ...admin, GATEHOUSE_STORE_POSTGRES_URL: "postgres://localhost/unused" };
    const printed = await runCommand(["store", "grants", ...words], { environment });
    assert.equal(printed.code, 0, printed.stderr);
    assert.match(printed.stdout, /^BEGIN;\n[\s\S]*CREATE ROLE store_test_owner LOGIN NOSUPERUSER[\s\S]*COMMIT;\n$/);
    const applied = await runCommand(["store", "grants", "--apply", "--json", ...words], { environment });
    assert.equal(applied.code, 0, applied.stderr);
    const { sql, ...rest } = JSON.parse(applied.stdout);
    assert.equal(`${sql}\n`, printed.stdout);
    assert.deepEqual(rest, { applied: true, roles: names });
    const [owner, writer] = await Promise.all([addressOf(names.migrator), addressOf(names.writer)]);

    const alone = { ...engine, GATEHOUSE_STORE_POSTGRES_URL: writer };
    await assert.rejects(
      startServer({ environment: alone }),
      /migrations, from 0001_documents on, are still to be applied, and the role store_test_writer may not/,
    );
    const migrating = { ...alone, GATEHOUSE_STORE_POSTGRES_MIGRATOR_URL: owner };
    const migrated = await runCommand(["store", "migrate", "--json"], { environment: migrating });
    assert.ok(JSON.parse(migrated.stdout).applied.length > 30, migrated.stderr);
    const again = await runCommand(["store", "migrate"], { environment: migrating });
    assert.equal(again.stdout, "The schema is up to date.\n");
    await using server = await startServer({ environment: alone });
    assert.equal((await fetch(`${server.url}/readyz`)).status, 200);
    assert.deepEqual(server.exceptions, []);
  });

  it("says what a configuration has to do with it", async () => {
    const embedded = await runCommand(["store", "grants"]);
    assert.equal(embedded.code, 2);
    assert.match(embedded.stderr, /The embedded store has no roles/);
    const same = "postgres://one@localhost/app";
    const environment = {
      ...engine,
      GATEHOUSE_STORE_POSTGRES_URL: same,
      GATEHOUSE_STORE_POSTGRES_MIGRATOR_URL: same,
    };
    const owner = await runCommand(["store", "migrate"], { environment });
    assert.equal(owner.code, 2);
    assert.match(owner.stderr, /A server that runs as the owner of the schema may change it/);
  });

  it("refuses superusers, and says who can grant", async () => {
    const environment = { ...engine, GATEHOUSE_STORE_POSTGRES_URL: database.url };
    const { code, stderr } = await runCommand(["store", "grants", "--apply"], { environment });
    assert.equal(code, 1);
    assert.match(stderr, /^The role \w+ is a superuser/);
  });

  /** Gives a role a password, as its administrator would. */
  async function addressOf(role: string): Promise<string> {
    await administer(database.url, `ALTER ROLE ${role} PASSWORD 'of-the-test'`);
    const address = new URL(database.url);
    address.username = role;
    address.password = "of-the-test";
    return address.href;
  }
});
