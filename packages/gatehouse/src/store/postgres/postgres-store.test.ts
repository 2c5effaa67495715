import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { systemClock } from "../../kernel/clock.ts";
import { StoreUnavailableError, TransactionMisuseError } from "../../kernel/ports/store.ts";
import { skipWithout, startPostgres, type PostgresService, type TestDatabase } from "../../testing/services.ts";
import { coreMigrations } from "../migrations/core-migrations.ts";
import { portableMigration } from "../migrations/portable-migration.ts";
import { portableStatement } from "../sql/statement.ts";
import { openPostgresStore, type PostgresStore } from "./postgres-store.ts";

const INSERT = portableStatement("INSERT INTO things (id, amount, data) VALUES ($1, $2, $3)");
const AMOUNT = portableStatement("SELECT amount FROM things WHERE id = $1");
const SET = portableStatement("UPDATE things SET amount = $2 WHERE id = $1");
const migrations = [
  ...coreMigrations,
  portableMigration("9001_things", "CREATE TABLE things (id {id} PRIMARY KEY, amount {integer}, data {bytes})"),
];

describe("openPostgresStore", { skip: await skipWithout("postgres") }, () => {
  let service: PostgresService;
  let database: TestDatabase;
  let store: PostgresStore;
  before(async () => {
    service = await startPostgres();
    database = await service.createDatabase();
    store = await openPostgresStore({ url: database.url, clock: systemClock, migrations });
  });
  after(async () => {
    await store[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
    await service[Symbol.asyncDispose]();
  });

  it("returns numbers for 64-bit integers, sums and counts, and plain byte arrays", async () => {
    const data = new Uint8Array([0, 1, 255]);
    await store.write((transaction) => transaction.execute(INSERT, ["types", 2 ** 53 - 1, data]));
    const all = portableStatement(
      "SELECT amount, data, (SELECT count(*) FROM things) AS count, sum(amount) AS total, amount > 1 AS large FROM things WHERE id = $1 GROUP BY id, amount, data",
    );
    const [row] = await store.read((transaction) => transaction.execute<Record<string, unknown>>(all, ["types"]));
    assert.deepEqual(row, { amount: 2 ** 53 - 1, data, count: 1, total: 2 ** 53 - 1, large: 1 });
    assert.equal(Object.getPrototypeOf(row?.["data"]), Uint8Array.prototype);
  });

  it("refuses to return an integer that a number cannot hold", async () => {
    const large = portableStatement("SELECT 9007199254740993::bigint AS amount");
    await assert.rejects(
      store.read((transaction) => transaction.execute(large, [])),
      RangeError,
    );
    assert.equal((await store.health()).state, "up");
  });

  it("repeats transactions that were in each other's way until each has succeeded once", async () => {
    await store.write((transaction) => transaction.execute(INSERT, ["counter", 0, null]));
    await Promise.all(
      Array.from({ length: 100 }, () =>
        store.write(async (transaction) => {
          const [row] = await transaction.execute<{ amount: number }>(AMOUNT, ["counter"]);
          await transaction.execute(SET, ["counter", (row?.amount ?? 0) + 1]);
        }),
      ),
    );
    const rows = await store.read((transaction) => transaction.execute(AMOUNT, ["counter"]));
    assert.deepEqual(rows, [{ amount: 100 }]);
  });

  it("keeps rules over several rows although each transaction changes another one", async () => {
    const onDuty = portableStatement("SELECT count(*) AS count FROM things WHERE id LIKE 'duty%' AND amount = 1");
    await store.write(async (transaction) => {
      for (const id of ["duty1", "duty2"]) await transaction.execute(INSERT, [id, 1, null]);
    });
    const leave = (id: string): Promise<void> =>
      store.write(async (transaction) => {
        const [row] = await transaction.execute<{ count: number }>(onDuty, []);
        if ((row?.count ?? 0) > 1) await transaction.execute(SET, [id, 0]);
      });
    await Promise.all([leave("duty1"), leave("duty2")]);
    const rows = await store.read((transaction) => transaction.execute(onDuty, []));
    assert.deepEqual(rows, [{ count: 1 }]);
  });

  it("rolls back and frees the connection when the work waits for something else", async () => {
    const limits = { idle: 100, connections: 1 };
    const reported: unknown[] = [];
    const report = (error: unknown): void => void reported.push(error);
    await using impatient = await openPostgresStore({
      url: database.url,
      clock: systemClock,
      migrations,
      limits,
      report,
    });
    const stuck = impatient.write(async (transaction) => {
      await transaction.execute(INSERT, ["stuck", 1, null]);
      await new Promise(() => undefined);
    });
    await assert.rejects(stuck, TransactionMisuseError);
    assert.ok(reported[0] instanceof TransactionMisuseError);
    assert.deepEqual(await impatient.read((transaction) => transaction.execute(AMOUNT, ["stuck"])), []);
  });

  it("ends a statement that takes too long and says that nothing was changed", async () => {
    const limits = { statement: 200, connections: 1 };
    await using hurried = await openPostgresStore({ url: database.url, clock: systemClock, migrations, limits });
    const sleep = { sqlite: "", postgres: "SELECT pg_sleep(5)" };
    await assert.rejects(
      hurried.write((transaction) => transaction.execute(sleep, [])),
      (error) => error instanceof StoreUnavailableError && error.outcome === "unchanged",
    );
    await hurried.write((transaction) => transaction.execute(INSERT, ["after-sleep", 1, null]));
  });

  it("waits for a lock no longer than allowed", async () => {
    const limits = { lock: 100, statement: 2000 };
    await using hurried = await openPostgresStore({ url: database.url, clock: systemClock, migrations, limits });
    await store.write((transaction) => transaction.execute(INSERT, ["locked", 1, null]));
    const released = Promise.withResolvers<void>();
    const pause = { sqlite: "", postgres: "SELECT pg_sleep(0.8)" };
    const holder = hurried.write(async (transaction) => {
      await transaction.execute(SET, ["locked", 2]);
      released.resolve();
      await transaction.execute(pause, []);
    });
    await released.promise;
    await assert.rejects(
      hurried.write((transaction) => transaction.execute(SET, ["locked", 3])),
      /lock was not granted in time/,
    );
    await holder;
  });

  it("refuses calls at once when every connection stays in use for longer than the time to wait", async () => {
    const limits = { connections: 1, acquire: 700 };
    await using small = await openPostgresStore({ url: database.url, clock: systemClock, migrations, limits });
    const pause = { sqlite: "", postgres: "SELECT pg_sleep(1.6)" };
    const holder = small.read((transaction) => transaction.execute(pause, []));
    await assert.rejects(
      small.read((transaction) => transaction.execute(AMOUNT, ["x"])),
      StoreUnavailableError,
    );
    await holder;
  });

  it("prepares statements afresh when a migration has changed their tables meanwhile", async () => {
    const wide = portableStatement("SELECT * FROM things WHERE id = $1");
    const limits = { connections: 1 };
    await using single = await openPostgresStore({ url: database.url, clock: systemClock, migrations, limits });
    await single.write((transaction) => transaction.execute(INSERT, ["wide", 1, null]));
    await single.read((transaction) => transaction.execute(wide, ["wide"]));
    const more = [...migrations, portableMigration("9002_more", "ALTER TABLE things ADD COLUMN note TEXT")];
    await using _newer = await openPostgresStore({ url: database.url, clock: systemClock, migrations: more });
    const rows = await single.read((transaction) => transaction.execute(wide, ["wide"]));
    assert.deepEqual(rows, [{ id: "wide", amount: 1, data: null, note: null }]);
    await store.write((transaction) =>
      transaction.execute(portableStatement("ALTER TABLE things DROP COLUMN note"), []),
    );
    await store.write((transaction) =>
      transaction.execute(portableStatement("DELETE FROM schema_migrations WHERE name = '9002_more'"), []),
    );
  });

  it("does not let a statement outside a transaction change anything", async () => {
    const escape = { sqlite: "", postgres: "COMMIT" };
    await assert.rejects(
      store.write(async (transaction) => {
        await transaction.execute(escape, []);
        await transaction.execute(INSERT, ["escaped", 1, null]);
      }),
    );
    assert.deepEqual(await store.read((transaction) => transaction.execute(AMOUNT, ["escaped"])), []);
  });

  it("lets several servers migrate an empty database at the same time", async () => {
    await using fresh = await service.createDatabase();
    const open = (): Promise<PostgresStore> =>
      openPostgresStore({ url: fresh.url, clock: systemClock, migrations, limits: { connections: 1 } });
    const stores = await Promise.all([open(), open(), open()]);
    for (const each of stores) assert.equal((await each.health()).state, "up");
    await Promise.all(stores.map((each) => each[Symbol.asyncDispose]()));
  });

  it("refuses calls after it was closed, and closes once", async () => {
    const closing = await openPostgresStore({ url: database.url, clock: systemClock, migrations });
    await Promise.all([closing[Symbol.asyncDispose](), closing[Symbol.asyncDispose]()]);
    await assert.rejects(
      closing.read(async () => undefined),
      StoreUnavailableError,
    );
  });

  it("lets running transactions finish when it is closed", async () => {
    const closing = await openPostgresStore({ url: database.url, clock: systemClock, migrations });
    const pause = { sqlite: "", postgres: "SELECT pg_sleep(0.2)" };
    const running = closing.write(async (transaction) => {
      await transaction.execute(pause, []);
      await transaction.execute(INSERT, ["finished", 1, null]);
    });
    await delay(50);
    await closing[Symbol.asyncDispose]();
    await running;
    assert.deepEqual(await store.read((transaction) => transaction.execute(AMOUNT, ["finished"])), [{ amount: 1 }]);
  });

  it("names the reason when the server cannot be reached or refuses the user", async () => {
    const open = (url: string): Promise<PostgresStore> => openPostgresStore({ url, clock: systemClock, migrations });
    await assert.rejects(open("postgres://postgres@127.0.0.1:1/postgres"), /cannot be reached: .*ECONNREFUSED/);
    const wrong = new URL(database.url);
    wrong.password = "wrong";
    await assert.rejects(open(wrong.href), (error: Error) => {
      assert.ok(error instanceof StoreUnavailableError);
      assert.match(error.message, /password authentication failed/);
      assert.doesNotMatch(error.message, /wrong/);
      return true;
    });
  });
});
