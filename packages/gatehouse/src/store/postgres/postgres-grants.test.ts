import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Client } from "pg";

import { systemClock } from "../../kernel/clock.ts";
import type { GuardedTables, Store } from "../../kernel/ports/store.ts";
import { createDatabaseRoles, type DatabaseRoleUrls } from "../../testing/postgres-roles.ts";
import {
  randomText,
  skipWithout,
  startPostgres,
  type PostgresService,
  type TestDatabase,
} from "../../testing/services.ts";
import { contractMigrations } from "../../testing/store-contract-fixture.ts";
import { coreMigrations } from "../migrations/core-migrations.ts";
import { allGuardedTables } from "../migrations/guarded-tables.ts";
import { portableMigration } from "../migrations/portable-migration.ts";
import { createAuditTrail } from "../sql/audit-trail.ts";
import { MigrationError } from "../sql/migrate.ts";
import { grantPostgres, migratePostgres } from "./postgres-administration.ts";
import { sqlState } from "./postgres-errors.ts";
import { GrantError } from "./postgres-grants.ts";
import { runStatement } from "./postgres-statement.ts";
import { openPostgresStore } from "./postgres-store.ts";

const DAY = 86_400_000;
const KEEP_DAYS = 30;
const later = portableMigration(
  "9002_later",
  `CREATE TABLE later (id {integer} NOT NULL, secret TEXT) {strict};
   CREATE TABLE entries (at {integer} NOT NULL) {strict};
   CREATE TABLE tokens (hash {id} NOT NULL) {strict}`,
);
const guardedTables: GuardedTables = {
  appendOnly: [{ table: "entries", time: "at" }],
  secret: [{ table: "tokens" }, { table: "later", columns: ["secret"] }],
};

async function rows(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}

async function refused(url: string, text: string): Promise<void> {
  await assert.rejects(rows(url, text), (error) => {
    assert.equal(sqlState(error), "42501", `${text}: ${String(error)}`);
    return true;
  });
}

/** Puts rows of three ages into the trail, in days. */
async function fillTrail(url: string): Promise<void> {
  for (const age of [0, KEEP_DAYS - 1, KEEP_DAYS + 1]) {
    const at = systemClock.now() - age * DAY;
    await runStatement(
      url,
      `INSERT INTO audit_events VALUES ('${age}', ${at}, 'name', 'info', 't', 'user', 'u', NULL, 'http', NULL, 'a', NULL,
        'success', NULL, 'r', '{}')`,
    );
  }
}

describe("roles of PostgreSQL", { skip: await skipWithout("postgres") }, () => {
  let service: PostgresService;
  let database: TestDatabase;
  let roles: DatabaseRoleUrls;
  before(async () => {
    service = await startPostgres();
    database = await service.createDatabase();
    roles = await createDatabaseRoles(database.url, { keepDays: KEEP_DAYS, guardedTables });
    const migrator = { url: roles.migrator, grants: roles.grants };
    const migrations = [...contractMigrations, later];
    await using store = await openPostgresStore({ url: roles.writer, clock: systemClock, migrations, migrator });
    assert.equal((await store.health()).state, "up");
    await fillTrail(roles.writer);
  });
  after(async () => {
    await database[Symbol.asyncDispose]();
    await roles[Symbol.asyncDispose]();
    await service[Symbol.asyncDispose]();
  });

  // Whoever takes the server over can run any statement it can. Without a right to the schema they cannot leave a
  // trigger or a function behind that outlives them, nor take tables away.
  it("refuses the writer to change the schema", async () => {
    for (const text of [
      "CREATE TABLE mine (id int)",
      "CREATE TEMPORARY TABLE mine (id int)",
      "CREATE SCHEMA mine",
      "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
      "CREATE INDEX mine ON notes (id)",
      "CREATE TRIGGER mine AFTER INSERT ON notes EXECUTE FUNCTION suppress_redundant_updates_trigger()",
      "ALTER TABLE notes ADD COLUMN mine int",
      "ALTER TABLE notes OWNER TO CURRENT_USER",
      "DROP TABLE notes",
      "DROP FUNCTION prune_audit_events",
      "ALTER TABLE audit_events DISABLE TRIGGER ALL",
      "GRANT SELECT ON sessions TO PUBLIC",
      "CREATE ROLE mine",
      `SET ROLE ${roles.grants.migrator}`,
      "INSERT INTO schema_migrations VALUES ('9999_mine', 'x', 0)",
      "DELETE FROM schema_migrations",
    ]) {
      // A right that is not held to grant is a warning to PostgreSQL, and changes nothing.
      if (text.startsWith("GRANT")) await rows(roles.writer, text).catch(() => undefined);
      else await refused(roles.writer, text);
    }
    await refused(roles.reader, "SELECT * FROM sessions");
  });

  // An intruder's first step after the deed is to take it out of the trail. The writer adds rows and reads them, and
  // not even by way of retention do young ones go.
  it("refuses the writer to change or remove rows of the audit trail", async () => {
    await refused(roles.writer, "UPDATE audit_events SET outcome = 'success'");
    await refused(roles.writer, "DELETE FROM audit_events");
    await refused(
      roles.writer,
      "INSERT INTO audit_events SELECT * FROM audit_events ON CONFLICT (id) DO UPDATE SET at = 0",
    );
    await refused(roles.writer, "SELECT id FROM audit_events FOR UPDATE");
    await refused(roles.writer, "DELETE FROM entries");
    const future = systemClock.now() + 1000 * DAY;
    const pruned = await rows(roles.writer, `SELECT prune_audit_events(${future}, 1000000)::int AS pruned`);
    assert.deepEqual(pruned, [{ pruned: 1 }]);
    assert.deepEqual(await rows(roles.reader, "SELECT id FROM audit_events ORDER BY at DESC"), [
      { id: "0" },
      { id: String(KEEP_DAYS - 1) },
    ]);
    await refused(roles.reader, `SELECT prune_audit_events(${future}, 1)`);
  });

  // TRUNCATE deletes all rows at once, past row security and past triggers for rows. It is a right of its own, which
  // GRANT ALL would have given.
  it("refuses the writer to truncate any table", async () => {
    const tables = await rows(
      roles.writer,
      "SELECT tablename::text AS name FROM pg_tables WHERE schemaname = 'public'",
    );
    assert.ok(tables.length > 30);
    for (const { name } of tables) await refused(roles.writer, `TRUNCATE ${String(name)}`);
  });

  // A replica's address is handed to reports and dashboards, and its credentials get around. They must not open
  // sessions, tokens or keys to anybody.
  it("refuses the reader what holds secrets", async () => {
    for (const { table, columns } of allGuardedTables(guardedTables).secret) {
      if (columns === undefined) await refused(roles.reader, `SELECT 1 FROM ${table}`);
      else await refused(roles.reader, `SELECT ${columns[0]} FROM ${table}`);
    }
    await refused(roles.reader, "SELECT * FROM oauth_signing_keys");
    assert.deepEqual(await rows(roles.reader, "SELECT kid, public_key FROM oauth_signing_keys"), []);
    assert.deepEqual(await rows(roles.reader, "SELECT id FROM later"), []);
  });

  // The reader is not meant to change anything, also where its address names the primary by mistake, and also once it
  // has taken back the setting that makes its transactions read-only.
  it("refuses the reader to write", async () => {
    const tables = await rows(
      roles.reader,
      "SELECT tablename::text AS name FROM pg_tables WHERE schemaname = 'public'",
    );
    for (const { name } of tables) {
      await assert.rejects(
        rows(roles.reader, `DELETE FROM ${String(name)}`),
        /permission denied|read-only transaction/,
      );
      await refused(roles.reader, `BEGIN READ WRITE; DELETE FROM ${String(name)}`);
    }
    for (const text of ["CREATE TABLE mine (id int)", "CREATE TEMPORARY TABLE mine (id int)", "TRUNCATE notes"]) {
      await refused(roles.reader, `BEGIN READ WRITE; ${text}`);
    }
  });

  it("gives the writer what it needs of tables that come later, and the reader nothing yet", async () => {
    await runStatement(roles.migrator, "CREATE TABLE newest (id int)");
    await runStatement(roles.writer, "INSERT INTO newest VALUES (1)");
    await runStatement(roles.writer, "UPDATE newest SET id = 2");
    await refused(roles.reader, "SELECT * FROM newest");
    await grantPostgres({ url: roles.migrator, grants: roles.grants, apply: true });
    assert.deepEqual(await rows(roles.reader, "SELECT * FROM newest"), [{ id: 2 }]);
    await runStatement(roles.migrator, "DROP TABLE newest");
  });

  it("prunes through retention of the store", async () => {
    await using database2 = await service.createDatabase();
    await using owner = await openPostgresStore({ url: database2.url, clock: systemClock, migrations: coreMigrations });
    await fillTrail(database2.url);
    const prune = (store: Store) =>
      store.write((transaction) => createAuditTrail().prune(transaction, systemClock.now() - DAY, 10));
    assert.equal(await prune(owner), 2);
  });

  it("grants the same any number of times, and prints what psql can run", async () => {
    const grants = roles.grants;
    const rights = () =>
      rows(
        database.url,
        `SELECT relname::text, relacl::text, (SELECT string_agg(attacl::text, ',' ORDER BY attname) FROM pg_attribute
           WHERE attrelid = c.oid) AS columns
         FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = 'public' ORDER BY relname`,
      );
    const first = await rights();
    const sql = await grantPostgres({ url: roles.writer, grants, apply: false });
    assert.deepEqual(await rights(), first);
    await runStatement(database.url, sql);
    await grantPostgres({ url: database.url, grants, apply: true });
    assert.deepEqual(await rights(), first);
    assert.doesNotMatch(sql, /PASSWORD/i);
  });

  it("takes an installation with one role over", async () => {
    await using old = await service.createDatabase();
    await using store = await openPostgresStore({ url: old.url, clock: systemClock, migrations: coreMigrations });
    await store[Symbol.asyncDispose]();
    const own = await createDatabaseRoles(old.url);
    const migrator = { url: own.migrator, grants: own.grants };
    await using taken = await openPostgresStore({
      ...{ url: own.writer, clock: systemClock, migrator },
      migrations: [...coreMigrations, later],
    });
    assert.equal((await taken.health()).state, "up");
    const owners = await rows(
      own.writer,
      "SELECT DISTINCT tableowner::text FROM pg_tables WHERE schemaname = 'public'",
    );
    assert.deepEqual(owners, [{ tableowner: own.grants.migrator }]);
    await taken[Symbol.asyncDispose]();
    await old[Symbol.asyncDispose]();
    await own[Symbol.asyncDispose]();
  });

  it("starts as the writer alone where nothing is pending, and says what to do where something is", async () => {
    const migrations = [...contractMigrations, later];
    const unreachable = { url: "postgres://nobody@127.0.0.1:1/none", grants: roles.grants };
    for (const migrator of [undefined, unreachable]) {
      await using store = await openPostgresStore({ url: roles.writer, clock: systemClock, migrations, migrator });
      assert.equal((await store.health()).state, "up");
    }
    const another = portableMigration("9003_another", "CREATE TABLE another (id {integer}) {strict}");
    const options = { url: roles.writer, clock: systemClock, migrations: [...migrations, another] };
    await assert.rejects(openPostgresStore(options), (error) => {
      assert.ok(error instanceof MigrationError);
      assert.match(
        error.message,
        /9003_another is still to be applied, and the role writer_\w+ may not .*store migrate/,
      );
      return true;
    });
    const migrator = { url: roles.migrator, grants: roles.grants };
    assert.deepEqual(await migratePostgres({ ...options, migrator }), ["9003_another"]);
    assert.deepEqual(await migratePostgres({ ...options, migrator }), []);
    await using store = await openPostgresStore(options);
    assert.equal((await store.health()).state, "up");
  });

  it("works for a role that may create roles and owns the database, and is no superuser", async () => {
    const password = randomText(8);
    const admin = `admin_${randomText(4)}`;
    await runStatement(service.url, `CREATE ROLE ${admin} LOGIN CREATEROLE PASSWORD '${password}'`);
    await using managed = await service.createDatabase();
    const address = new URL(managed.url);
    await runStatement(service.url, `ALTER DATABASE ${address.pathname.slice(1)} OWNER TO ${admin}`);
    address.username = admin;
    address.password = password;
    const own = await createDatabaseRoles(address.href);
    const migrator = { url: own.migrator, grants: own.grants };
    const options = { url: own.writer, clock: systemClock, migrations: coreMigrations, migrator };
    await using store = await openPostgresStore(options);
    assert.equal((await store.health()).state, "up");
    await refused(own.writer, "CREATE TABLE mine (id int)");
    await store[Symbol.asyncDispose]();
    await managed[Symbol.asyncDispose]();
    await own[Symbol.asyncDispose]();
    await runStatement(service.url, `DROP ROLE ${admin}`);
  });

  it("says what is missing to a role that may not do it", async () => {
    const suffix = randomText(4);
    const grants = { ...roles.grants, reader: `other_${suffix}` };
    await assert.rejects(grantPostgres({ url: roles.writer, grants, apply: true }), (error) => {
      assert.ok(error instanceof GrantError);
      assert.match(error.message, /refused this to the role writer_.*store\.postgresAdminUrl/);
      return true;
    });
    await assert.rejects(grantPostgres({ url: roles.migrator, grants, apply: true }), GrantError);
  });

  // Grants do not bind superusers, owners and members of the owning role. A server that runs as one of them would
  // seem to be limited and not be.
  it("refuses roles that no grant limits", async () => {
    const attempt = (changed: object) =>
      grantPostgres({ url: database.url, grants: { ...roles.grants, ...changed }, apply: true });
    await assert.rejects(attempt({ writer: new URL(service.url).username }), /is a superuser/);
    await assert.rejects(attempt({ writer: roles.grants.migrator }), /three names/);
    const member = `member_${randomText(4)}`;
    await runStatement(service.url, `CREATE ROLE ${member} IN ROLE ${roles.grants.migrator}`);
    await assert.rejects(attempt({ writer: member }), /member of migrator_/);
    await runStatement(service.url, `DROP ROLE ${member}`);
    const owner = `owner_${randomText(4)}`;
    await runStatement(service.url, `CREATE ROLE ${owner}`);
    await using owned = await service.createDatabase();
    await runStatement(service.url, `ALTER DATABASE ${new URL(owned.url).pathname.slice(1)} OWNER TO ${owner}`);
    const grants = { ...roles.grants, writer: owner };
    await assert.rejects(grantPostgres({ url: owned.url, grants, apply: false }), /owns the database.*ALTER DATABASE/);
    await owned[Symbol.asyncDispose]();
    await runStatement(service.url, `DROP ROLE ${owner}`);
  });
});
