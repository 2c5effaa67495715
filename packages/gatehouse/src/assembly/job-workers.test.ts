import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { systemClock } from "../kernel/clock.ts";
import { createIds } from "../kernel/ids.ts";
import type { Bus } from "../kernel/ports/bus.ts";
import type { JobHandler, Jobs, NewJob } from "../kernel/ports/jobs.ts";
import type { Store } from "../kernel/ports/store.ts";
import { systemRandom } from "../kernel/random.ts";
import { systemTimers } from "../kernel/timers.ts";
import { createMemoryBus } from "../store/memory/memory-bus.ts";
import { openPostgresStore } from "../store/postgres/postgres-store.ts";
import { createJobs } from "../store/sql/jobs.ts";
import { portableStatement } from "../store/sql/statement.ts";
import { openSqliteStore } from "../store/sqlite/sqlite-store.ts";
import { skipWithout, startPostgres } from "../testing/services.ts";
import { contractMigrations, INSERT_NOTE, noteIds } from "../testing/store-contract-fixture.ts";
import { startJobWorkers, type JobWorkersParts } from "./job-workers.ts";

const HOUR = 3_600_000;

const TAKE_AWAY = portableStatement("UPDATE jobs SET epoch = epoch + 1, run_at = run_at + 3600000 WHERE id = $1");

class Desk implements AsyncDisposable {
  readonly store: Store;
  readonly bus: Bus = createMemoryBus();
  readonly jobs: Jobs;
  readonly reports: unknown[] = [];
  constructor(store: Store) {
    this.store = store;
    this.jobs = createJobs({ store, bus: this.bus, ids: createIds(systemClock, systemRandom) });
  }
  static async open(): Promise<Desk> {
    return new Desk(await openSqliteStore({ memory: true, clock: systemClock, migrations: contractMigrations }));
  }
  add(job: Partial<NewJob> = {}): Promise<string> {
    const whole = { queue: "photos", kind: "count", tenant: "-", payload: null, ...job };
    return this.store.write((transaction) => this.jobs.add(transaction, whole));
  }
  work(run: JobHandler["run"], more: Partial<JobWorkersParts> = {}): Promise<AsyncDisposable> {
    return this.workWith({ handlers: [{ kind: "count", run }], ...more });
  }
  workWith(more: Partial<JobWorkersParts> & Pick<JobWorkersParts, "handlers">): Promise<AsyncDisposable> {
    return startJobWorkers({
      ...{ jobs: this.jobs, store: this.store, timers: systemTimers, random: systemRandom, queue: "photos" },
      ...{ report: (error) => void this.reports.push(error), firstPause: 5, look: HOUR },
      ...more,
    });
  }
  async until(condition: () => Promise<boolean>): Promise<void> {
    while (!(await condition())) await delay(10);
  }
  async [Symbol.asyncDispose](): Promise<void> {
    await this.store[Symbol.asyncDispose]();
    await this.bus[Symbol.asyncDispose]();
  }
}

describe("job workers", () => {
  it("do a job as soon as it is durable, without looking around for it", async () => {
    await using desk = await Desk.open();
    const done = Promise.withResolvers<unknown>();
    const looks: string[] = [];
    const claim = desk.jobs.claim.bind(desk.jobs);
    desk.jobs.claim = (queue, options) => (looks.push(queue), claim(queue, options));
    await using _workers = await desk.work(async ({ payload }) => {
      done.resolve(payload);
      return async () => undefined;
    });
    await delay(200);
    assert.equal(looks.length, 1);
    await desk.add({ payload: { photo: 1 } });
    assert.deepEqual(await done.promise, { photo: 1 });
  });

  it("complete a job and its effect together, or neither", async () => {
    await using desk = await Desk.open();
    let attempts = 0;
    await using _workers = await desk.work(async ({ id }) => {
      attempts += 1;
      const fails = attempts === 1;
      return async (transaction) => {
        await transaction.execute(INSERT_NOTE, [id, attempts]);
        if (fails) throw new RangeError("the effect fails once");
      };
    });
    const id = await desk.add();
    await desk.until(async () => (await desk.jobs.due("photos")) === undefined);
    assert.deepEqual(await noteIds(desk.store), [id]);
    assert.equal(attempts, 2);
    assert.equal(desk.reports.length, 1);
  });

  it("put a job aside after its last attempt, with what its kind does then", async () => {
    await using desk = await Desk.open();
    const handler: JobHandler = {
      kind: "count",
      run: () => Promise.reject(new Error("the disk is gone")),
      dead: async (transaction, { id }, reason) =>
        void (await transaction.execute(INSERT_NOTE, [`${id} ${reason}`, 1])),
    };
    await using _workers = await desk.workWith({ handlers: [handler] });
    const id = await desk.add({ attempts: 3 });
    await desk.until(async () => (await noteIds(desk.store)).length > 0);
    assert.deepEqual(await noteIds(desk.store), [`${id} the disk is gone`]);
    assert.equal(desk.reports.length, 3);
  });

  it("put aside a job that ends its worker each time", async () => {
    await using desk = await Desk.open();
    const dead = Promise.withResolvers<string>();
    await desk.add({ attempts: 1 });
    await desk.jobs.claim("photos", { limit: 1, duration: 1 });
    await delay(10);
    let runs = 0;
    const handler: JobHandler = {
      kind: "count",
      run: async () => ((runs += 1), undefined),
      dead: async (_, __, reason) => dead.resolve(reason),
    };
    await using _workers = await desk.workWith({ handlers: [handler] });
    assert.match(await dead.promise, /without a word/);
    assert.equal(runs, 0);
  });

  it("hold on to a job for as long as it takes", async () => {
    await using desk = await Desk.open();
    let runs = 0;
    const done = Promise.withResolvers<void>();
    const handler: JobHandler = {
      kind: "count",
      async run() {
        runs += 1;
        await delay(1200);
        done.resolve();
        return async () => undefined;
      },
    };
    await using _workers = await desk.workWith({ handlers: [handler], lease: 400, concurrency: 3, look: 50 });
    await desk.add();
    await done.promise;
    assert.equal(runs, 1);
  });

  it("tell a job that it was lost, and change nothing for it", async () => {
    await using desk = await Desk.open();
    const lost = Promise.withResolvers<void>();
    await using _workers = await desk.workWith({
      lease: 300,
      handlers: [
        {
          kind: "count",
          async run(job, signal) {
            await desk.store.write((transaction) => transaction.execute(TAKE_AWAY, [job.id]));
            await new Promise((resolve) => signal.addEventListener("abort", resolve));
            lost.resolve();
            return async (transaction) => void (await transaction.execute(INSERT_NOTE, ["never", 1]));
          },
        },
      ],
    });
    await desk.add();
    await lost.promise;
    await delay(50);
    assert.deepEqual(await noteIds(desk.store), []);
  });

  it("finish what runs when they stop, and take no more", async () => {
    await using desk = await Desk.open();
    const begun = Promise.withResolvers<void>();
    const workers = await desk.work(
      async ({ id }) => {
        begun.resolve();
        await delay(200);
        return async (transaction) => void (await transaction.execute(INSERT_NOTE, [id, 1]));
      },
      { concurrency: 1 },
    );
    const first = await desk.add();
    await begun.promise;
    await desk.add();
    await workers[Symbol.asyncDispose]();
    assert.deepEqual(await noteIds(desk.store), [first]);
    assert.equal(await desk.jobs.due("photos"), 0);
  });

  it("cut off what does not finish in time", async () => {
    await using desk = await Desk.open();
    const begun = Promise.withResolvers<void>();
    const workers = await desk.work(
      async (_, signal) => {
        begun.resolve();
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
        throw new Error("cut off");
      },
      { drain: 50 },
    );
    await desk.add();
    await begun.promise;
    await workers[Symbol.asyncDispose]();
    assert.deepEqual(desk.reports, []);
  });
});

describe("job workers of several processes", { skip: await skipWithout("postgres") }, () => {
  it("do every job once", async () => {
    await using server = await startPostgres({ durable: false });
    await using database = await server.createDatabase();
    await using store = await openPostgresStore({
      url: database.url,
      clock: systemClock,
      migrations: contractMigrations,
    });
    const jobs = createJobs({ store, bus: createMemoryBus(), ids: createIds(systemClock, systemRandom) });
    const count = 60;
    await store.write(async (transaction) => {
      for (let number = 0; number < count; number += 1) {
        await jobs.add(transaction, { queue: "photos", kind: "note", tenant: "-", payload: number });
      }
    });
    const worker = fileURLToPath(new URL("../testing/jobs-worker.ts", import.meta.url));
    const run = promisify(execFile);
    const outputs = await Promise.all(
      [1, 2, 3].map(() => run(process.execPath, [...process.execArgv, worker, database.url])),
    );
    const done = outputs.map(({ stdout }) => Number(stdout));
    assert.equal(
      done.reduce((sum, number) => sum + number, 0),
      count,
    );
    assert.equal((await noteIds(store)).length, count);
  });
});
