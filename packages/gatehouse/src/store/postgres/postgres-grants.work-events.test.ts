import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { systemClock } from "../../kernel/clock.ts";
import type { Store } from "../../kernel/ports/store.ts";
import { createDatabaseRoles, type DatabaseRoleUrls } from "../../testing/postgres-roles.ts";
import { skipWithout, startPostgres, type PostgresService, type TestDatabase } from "../../testing/services.ts";
import { WorkKit } from "../../testing/work-kit.ts";
import { coreMigrations } from "../migrations/core-migrations.ts";
import { createWorkHistory } from "../sql/work/history.ts";
import { sqlState } from "./postgres-errors.ts";
import { runStatement } from "./postgres-statement.ts";
import { openPostgresStore } from "./postgres-store.ts";

const DAY = 86_400_000;
const KEEP_DAYS = 30;
const history = createWorkHistory();

/** The ages in days of the events of an order. */
async function agesOf(store: Store, id: string): Promise<readonly number[]> {
  const text = "SELECT at FROM work_events WHERE order_id = $1 ORDER BY at DESC";
  const rows = await store.read((transaction) =>
    transaction.execute<{ at: number }>({ sqlite: text, postgres: text }, [id]),
  );
  return rows.map(({ at }) => Math.round((systemClock.now() - at) / DAY));
}

/*
 * Attack: whoever has taken the server over, or has its role of the database, wipes out what an agent or a reviewer has done.
 * The role may add events of work orders and neither change nor take out any; retention spares what is young, and what
 * belongs to an order that is there.
 */
describe("events of work orders on PostgreSQL", { skip: await skipWithout("postgres") }, () => {
  let service: PostgresService;
  let database: TestDatabase;
  let roles: DatabaseRoleUrls;
  let store: Store;
  before(async () => {
    service = await startPostgres();
    database = await service.createDatabase();
    roles = await createDatabaseRoles(database.url, { keepDays: KEEP_DAYS });
    const migrator = { url: roles.migrator, grants: roles.grants };
    store = await openPostgresStore({ url: roles.writer, clock: systemClock, migrations: coreMigrations, migrator });
  });
  after(async () => {
    await store[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
    await roles[Symbol.asyncDispose]();
    await service[Symbol.asyncDispose]();
  });

  /** An order with events of these ages, in days, besides those of its proposal. */
  async function proposed(ages: readonly number[]): Promise<{ readonly id: string; readonly tenant: string }> {
    const kit = new WorkKit(store);
    const order = await kit.propose(["one"]);
    for (const age of ages) {
      await runStatement(
        roles.writer,
        `INSERT INTO work_events VALUES ('${kit.ids.next()}', '${order.id}', NULL, '${order.tenant}', 9, 'comment', 'user', 'u', NULL,
          NULL, NULL, '{}', NULL, 'h', ${systemClock.now() - age * DAY})`,
      );
    }
    return order;
  }

  const prune = (before: number): Promise<number> =>
    store.write((transaction) => history.pruneEvents(transaction, before, 100));

  it("are neither changed nor taken out by the role of the server", async () => {
    const { id } = await proposed([40]);
    for (const text of [
      "UPDATE work_events SET details = '{}'",
      `DELETE FROM work_events WHERE order_id = '${id}'`,
      "TRUNCATE work_events",
      "ALTER TABLE work_events DISABLE TRIGGER ALL",
      "DROP TRIGGER work_events_held ON work_events",
    ]) {
      await assert.rejects(runStatement(roles.writer, text), (error) => {
        assert.equal(sqlState(error), "42501", `${text}: ${String(error)}`);
        return true;
      });
    }
    assert.deepEqual(await agesOf(store, id), [0, 0, 40]);
  });

  it("are pruned by retention once their order is gone, and not before their time whatever it asks for", async () => {
    const there = await proposed([40, 50]);
    const gone = await proposed([29, 31, 60]);
    for (const table of ["work_items WHERE order_id", "work_orders WHERE id"])
      await runStatement(roles.writer, `DELETE FROM ${table} = '${gone.id}'`);
    assert.equal(await prune(systemClock.now() - 45 * DAY), 1);
    assert.deepEqual(await agesOf(store, gone.id), [0, 0, 29, 31]);
    assert.equal(await prune(systemClock.now() + 1000 * DAY), 1);
    assert.deepEqual(await agesOf(store, gone.id), [0, 0, 29]);
    assert.deepEqual(await agesOf(store, there.id), [0, 0, 40, 50]);
  });

  it("of an order that is there stay where one role does everything, too", async () => {
    const kit = new WorkKit(store);
    const order = await kit.propose(["one"]);
    const take = `DELETE FROM work_events WHERE order_id = '${order.id}'`;
    await assert.rejects(runStatement(roles.migrator, take), /events stay as long as their work order does/);
    await assert.rejects(runStatement(roles.migrator, "UPDATE work_events SET at = 0"), /never changed/);
    assert.equal(await kit.verify(order), undefined);
  });
});
