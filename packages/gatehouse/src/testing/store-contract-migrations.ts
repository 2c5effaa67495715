import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Migration, Store } from "../kernel/ports/store.ts";
import { portableMigration } from "../store/migrations/portable-migration.ts";
import { MigrationError } from "../store/sql/migrate.ts";
import { portableStatement } from "../store/sql/statement.ts";
import type { CreateStoreFixture, StoreFixture } from "./store-contract-fixture.ts";

const first = portableMigration("0001_first", "CREATE TABLE first (id {integer} NOT NULL) {strict}");
const second = portableMigration(
  "0002_second",
  "CREATE TABLE second (id {integer} NOT NULL) {strict}; CREATE INDEX second_id ON second (id)",
);
const broken = portableMigration(
  "0002_broken",
  "CREATE TABLE broken (id {integer} NOT NULL) {strict}; CREATE TABLE first (id {integer})",
);
const APPLIED = portableStatement("SELECT name FROM schema_migrations ORDER BY name");
const USE_BROKEN = portableStatement("SELECT id FROM broken");

/** What every engine whose data lasts promises about migrations. */
export function describeMigrationContract(name: string, create: CreateStoreFixture): void {
  describe(`${name}: migrations`, () => describeMigrations(create));
}

async function applied(store: Store): Promise<string[]> {
  const rows = await store.read((transaction) => transaction.execute<{ name: string }>(APPLIED, []));
  return rows.map((row) => row.name);
}

async function openAndClose(fixture: StoreFixture, migrations: readonly Migration[]): Promise<string[]> {
  await using store = await fixture.open(migrations);
  return await applied(store);
}

function describeMigrations(create: CreateStoreFixture): void {
  it("applies each migration once, in order, and adds later ones", async () => {
    await using fixture = await create();
    assert.deepEqual(await openAndClose(fixture, [first]), ["0001_first"]);
    assert.deepEqual(await openAndClose(fixture, [second, first]), ["0001_first", "0002_second"]);
    assert.deepEqual(await openAndClose(fixture, [first, second]), ["0001_first", "0002_second"]);
  });

  it("refuses an applied migration that was edited", async () => {
    await using fixture = await create();
    await openAndClose(fixture, [first]);
    const edited = portableMigration("0001_first", "CREATE TABLE first (id {integer} NOT NULL, more TEXT) {strict}");
    await assert.rejects(fixture.open([edited]), (error) => {
      assert.ok(error instanceof MigrationError);
      assert.match(error.message, /0001_first is not the one that was applied/);
      return true;
    });
    assert.deepEqual(await openAndClose(fixture, [first]), ["0001_first"]);
  });

  it("refuses a database with a migration it does not know", async () => {
    await using fixture = await create();
    await openAndClose(fixture, [first, second]);
    await assert.rejects(fixture.open([first]), /0002_second, which this version does not know\..* --config FILE\./);
  });

  it("refuses a migration that was slipped in before an applied one", async () => {
    await using fixture = await create();
    await openAndClose(fixture, [second]);
    await assert.rejects(fixture.open([first, second]), /0001_first was never applied, but a later one/);
  });

  it("rolls a failing migration back as a whole and keeps those before it", async () => {
    await using fixture = await create();
    await assert.rejects(fixture.open([first, broken]), /0002_broken failed and was rolled back/);
    await using store = await fixture.open([first]);
    assert.deepEqual(await applied(store), ["0001_first"]);
    await assert.rejects(store.read((transaction) => transaction.execute(USE_BROKEN, [])));
  });
}
