import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { systemClock } from "../../kernel/clock.ts";
import type { Migration } from "../../kernel/ports/store.ts";
import { createSqliteFixture } from "../../testing/sqlite-fixture.ts";
import { describeMigrationContract } from "../../testing/store-contract-migrations.ts";
import { portableMigration } from "../migrations/portable-migration.ts";
import { SqliteConnection } from "../sqlite/sqlite-connection.ts";
import { migrate, type MigrationConnection } from "./migrate.ts";

describeMigrationContract("SQLite file", createSqliteFixture);

function connect(path: string): MigrationConnection & Disposable {
  const connection = new SqliteConnection({ path, clock: systemClock });
  return {
    dialect: "sqlite",
    script: async (sql) => connection.script(sql),
    // The row type is the runner's knowledge of its own statements.
    execute: async <Row>({ sqlite }: { sqlite: string }, parameters: Parameters<SqliteConnection["run"]>[1]) =>
      connection.run(sqlite, parameters).rows as Row[],
    [Symbol.dispose]: () => connection[Symbol.dispose](),
  };
}

describe("migrate", () => {
  it("names what it has applied, once", async () => {
    using connection = connect(":memory:");
    const migrations = [second, first];
    assert.deepEqual(await migrate(connection, migrations), ["0001_first", "0002_second"]);
    assert.deepEqual(await migrate(connection, migrations), []);
  });

  it("refuses names that do not order the list", async () => {
    using connection = connect(":memory:");
    const named = (name: string): Migration => ({ ...first, name });
    await assert.rejects(migrate(connection, [named("first")]), /not named like 0001_documents/);
    await assert.rejects(migrate(connection, [first, named("0001_other")]), /same number/);
  });

  it("lets modules with series of their own join an older database", async () => {
    using connection = connect(":memory:");
    const module = portableMigration("1001_module", "CREATE TABLE module (id {integer} NOT NULL) {strict}");
    await migrate(connection, [module]);
    assert.deepEqual(await migrate(connection, [first, module]), ["0001_first"]);
  });

  it("refuses placeholders that do not exist", () => {
    assert.throws(() => portableMigration("0001_first", "CREATE TABLE t (id {number})"), /unknown placeholder/);
  });
});

const first = portableMigration("0001_first", "CREATE TABLE first (id {integer} NOT NULL) {strict}");
const second = portableMigration("0002_second", "CREATE TABLE second (id {integer} NOT NULL) {strict}");
