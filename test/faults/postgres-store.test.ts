import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { StoreUnavailableError, systemClock } from "gatehouse/kernel";
import { portableMigration, portableStatement, type StoreStateChange } from "gatehouse/store";
import { openPostgresStore, type PostgresStore } from "gatehouse/store/postgres";
import { skipWithout, startOwnPostgres } from "gatehouse/testing";
import { slowest, startWorkload, until, type Workload } from "./workload.ts";

const migrations = [portableMigration("0001_entries", "CREATE TABLE entries (id {integer} PRIMARY KEY)")];
const INSERT = portableStatement("INSERT INTO entries (id) VALUES ($1)");
const ALL = portableStatement("SELECT id FROM entries");
const CLEAR = portableStatement("DELETE FROM entries");
const OTHERS = {
  sqlite: "",
  postgres: "SELECT count(*) AS count FROM pg_stat_activity WHERE application_name = 'faults'",
};
const limits = { connections: 4, acquire: 400, statement: 400, lock: 400, total: 1500 };
/** Acquiring, a statement and what the watchdog allows beyond it, and the scheduling of a busy machine. */
const TIME_BOX = 2000;
const CALLERS = 8;

// A store that hangs, stops or comes back is the moment at which acknowledged writes get lost, calls pile up and
// connections leak. Every call must end within the time box, and every acknowledged write must be there afterwards.
describe("PostgreSQL under a workload", { skip: await skipWithout("postgres") }, () => {
  let service: Awaited<ReturnType<typeof startOwnPostgres>>;
  let store: PostgresStore;
  const changes: StoreStateChange[] = [];

  before(async () => {
    service = await startOwnPostgres();
    const url = `${service.url}?application_name=faults`;
    const onStateChange = (change: StoreStateChange): void => void changes.push(change);
    store = await openPostgresStore({ url, clock: systemClock, migrations, limits, onStateChange });
  });
  after(async () => {
    await store[Symbol.asyncDispose]();
    await using observer = await openPostgresStore({ url: service.url, clock: systemClock, migrations, limits });
    await until("the end of every connection", async () => (await connections(observer)) === 0);
  });
  after(() => service[Symbol.asyncDispose]());

  async function connections(from: PostgresStore): Promise<number> {
    const [row] = await from.read((transaction) => transaction.execute<{ count: number }>(OTHERS, []));
    return row?.count ?? 0;
  }

  async function underFault(fault: () => Promise<void>, end: () => Promise<void>): Promise<Workload<number>> {
    changes.length = 0;
    await store.write((transaction) => transaction.execute(CLEAR, []));
    const workload = startWorkload(CALLERS, async (number) => {
      await store.write((transaction) => transaction.execute(INSERT, [number]));
      return number;
    });
    await until("the workload's beginning", () => workload.calls.length > 20);
    await fault();
    const broken = systemClock.monotonic();
    await until("the first refusal", () => workload.since(broken).some(({ error }) => error !== undefined));
    await delay(1500);
    const ended = systemClock.monotonic();
    await end();
    await until("recovery", () => workload.since(ended).filter(({ error }) => error === undefined).length > CALLERS);
    await workload.stop();
    return workload;
  }

  async function judge(workload: Workload<number>): Promise<void> {
    const failed = workload.calls.filter(({ error }) => error !== undefined);
    for (const { error } of failed) assert.ok(error instanceof StoreUnavailableError, String(error));
    assert.ok(slowest(workload.calls) < TIME_BOX, `a call took ${slowest(workload.calls)} ms`);
    const rows = await store.read((transaction) => transaction.execute<{ id: number }>(ALL, []));
    const kept = new Set(rows.map(({ id }) => id));
    for (const { number, error } of workload.calls) {
      if (error === undefined) assert.ok(kept.has(number), `the acknowledged write ${number} is lost`);
      else if (error instanceof StoreUnavailableError && error.outcome === "unchanged") {
        assert.ok(!kept.has(number), `the write ${number} was refused as unchanged and is there`);
      }
    }
    assert.equal(changes[0]?.available, false);
    assert.ok(changes.some(({ available }) => available));
    await until("the end of surplus connections", async () => (await connections(store)) <= limits.connections + 1);
    assert.equal((await store.health()).state, "up");
  }

  it("survives a crash of the server", async () => {
    const { process } = service;
    const workload = await underFault(
      () => process.stop("crash"),
      () => process.start(),
    );
    await judge(workload);
  });

  it("survives an orderly restart", async () => {
    const { process } = service;
    const workload = await underFault(
      () => process.stop(),
      () => process.start(),
    );
    await judge(workload);
  });

  it("survives a server that hangs, and refuses quickly once it is known to", async () => {
    const { process } = service;
    const workload = await underFault(
      () => process.pause(),
      () => process.resume(),
    );
    await judge(workload);
    const quick = workload.calls.filter(({ error, duration }) => error !== undefined && duration < 50);
    assert.ok(quick.length > CALLERS, `${quick.length} calls were refused at once`);
  });

  it("tells its health within its time while the server hangs", async () => {
    const started = systemClock.monotonic();
    await service.process.pause();
    try {
      assert.equal((await store.health()).state, "down");
      assert.ok(systemClock.monotonic() - started < TIME_BOX);
    } finally {
      await service.process.resume();
    }
    await until("recovery", async () => (await store.health()).state === "up");
  });

  it("closes within its time while the server hangs", async () => {
    const url = `${service.url}?application_name=faults`;
    const closing = await openPostgresStore({ url, clock: systemClock, migrations, limits });
    await closing.read((transaction) => transaction.execute(ALL, []));
    await service.process.pause();
    const started = systemClock.monotonic();
    try {
      await closing[Symbol.asyncDispose]();
      assert.ok(systemClock.monotonic() - started < TIME_BOX);
    } finally {
      await service.process.resume();
    }
  });
});
