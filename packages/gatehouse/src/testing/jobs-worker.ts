import { startJobWorkers } from "../assembly/job-workers.ts";
import { systemClock } from "../kernel/clock.ts";
import { createIds } from "../kernel/ids.ts";
import { systemRandom } from "../kernel/random.ts";
import { pause, systemTimers } from "../kernel/timers.ts";
import { createMemoryBus } from "../store/memory/memory-bus.ts";
import { openPostgresStore } from "../store/postgres/postgres-store.ts";
import { createJobs } from "../store/sql/jobs.ts";
import { contractMigrations, INSERT_NOTE } from "./store-contract-fixture.ts";

/** One of several processes that work on the queue `photos` of a database: does what is there and prints how much that was. */
const [url = ""] = process.argv.slice(2);
await using store = await openPostgresStore({ url, clock: systemClock, migrations: contractMigrations });
const jobs = createJobs({ store, bus: createMemoryBus(), ids: createIds(systemClock, systemRandom) });
let done = 0;
const workers = await startJobWorkers({
  ...{ jobs, store, timers: systemTimers, random: systemRandom, queue: "photos", concurrency: 4, firstPause: 10 },
  report: (error) => process.stderr.write(`${String(error)}\n`),
  handlers: [
    {
      kind: "note",
      run:
        async ({ id }) =>
        async (transaction) => {
          await transaction.execute(INSERT_NOTE, [id, 1]);
          transaction.afterCommit(() => (done += 1));
        },
    },
  ],
});
while ((await jobs.due("photos")) !== undefined) await pause(systemTimers, 20);
await workers[Symbol.asyncDispose]();
process.stdout.write(String(done));
