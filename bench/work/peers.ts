import { Logger, makeWorkerUtils, run } from "graphile-worker";
import { PgBoss } from "pg-boss";
import { callers, type Contender } from "./contender.ts";

const QUEUE = "caption-write";
const INPUT = { photo: "0198c0de-0000-7000-8000-000000000001" };
const BATCH = 50;
const FILLED_AT_ONCE = 1000;

/** pg-boss as its documentation has a worker of one's own: fetch, then complete. */
export async function pgBossContender(url: string, how: Contender["how"], connections: number): Promise<Contender> {
  const boss = new PgBoss({ connectionString: url, max: connections, supervise: false, schedule: false });
  await boss.start();
  await boss.createQueue(QUEUE);
  return {
    ...{ name: "pg-boss", how },
    async fill(count) {
      for (let left = count; left > 0; left -= FILLED_AT_ONCE) {
        const jobs = Array.from({ length: Math.min(left, FILLED_AT_ONCE) }, () => ({ data: INPUT }));
        await boss.insert(QUEUE, jobs);
      }
    },
    drain: (count) =>
      callers(count, async () => {
        const jobs = await boss.fetch(QUEUE, { batchSize: how === "single" ? 1 : BATCH });
        if (jobs.length > 0)
          await boss.complete(
            QUEUE,
            jobs.map(({ id }) => id),
          );
        return jobs.length;
      }),
    [Symbol.asyncDispose]: () => boss.stop({ graceful: false }),
  };
}

/** graphile-worker as its documentation has it, and with its local queue and batched completion. */
export async function graphileContender(url: string, how: Contender["how"], connections: number): Promise<Contender> {
  const logger = new Logger(() => () => undefined);
  const utils = await makeWorkerUtils({ connectionString: url, logger });
  await utils.migrate();
  const batched = {
    worker: { localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 },
  };
  return {
    ...{ name: "graphile-worker", how },
    async fill(count) {
      for (let left = count; left > 0; left -= FILLED_AT_ONCE) {
        const jobs = Array.from({ length: Math.min(left, FILLED_AT_ONCE) }, () => ({
          identifier: QUEUE,
          payload: INPUT,
        }));
        await utils.addJobs(jobs);
      }
      this.waiting = count;
    },
    waiting: 0,
    async drain(count) {
      const total = this.waiting;
      let done = 0;
      const all = Promise.withResolvers<void>();
      const runner = await run({
        ...{ connectionString: url, logger, maxPoolSize: connections, concurrency: count, noHandleSignals: true },
        ...(how === "batched" ? { preset: batched } : {}),
        taskList: {
          [QUEUE]: async () => {
            done += 1;
            if (done === total) all.resolve();
          },
        },
      });
      await all.promise;
      await runner.stop();
      return done;
    },
    [Symbol.asyncDispose]: async () => {
      await utils.release();
    },
  } as Contender & { waiting: number };
}
