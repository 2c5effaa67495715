import { join } from "node:path";
import { startJobWorkers } from "../assembly/job-workers.ts";
import { systemClock } from "../kernel/clock.ts";
import { systemRandom } from "../kernel/random.ts";
import { pause, systemTimers } from "../kernel/timers.ts";
import { HEALTH_QUEUE } from "../media/storage/repeated-job.ts";
import { TRANSFER_QUEUE } from "../media/storage/transfers.ts";
import { coreMigrations } from "../store/migrations/core-migrations.ts";
import { openSqliteStore } from "../store/sqlite/sqlite-store.ts";
import { openFolder, StorageKit } from "./storage-kit.ts";
import { putFile } from "./storage-target-contract.ts";

/**
 * A process that stores files and archives them at once, until it is killed. Arguments: folder, first and last number of
 * the files. It prints the number of each file once that is stored, and `done` once all are in the archive.
 */
const [directory = "", first = "0", last = "0"] = process.argv.slice(2);
await using store = await openSqliteStore({ directory, clock: systemClock, migrations: coreMigrations });
const hot = await openFolder("hot", join(directory, "hot"));
const archive = await openFolder("archive", join(directory, "archive"));
const kit = new StorageKit({ store, clock: systemClock, hot, archive, grace: 1, archiveAfter: 0 });
const background = { ...kit.parts, random: systemRandom, timers: systemTimers, lease: 300, firstPause: 10, look: 20 };
await using stack = new AsyncDisposableStack();
for (const queue of [TRANSFER_QUEUE, HEALTH_QUEUE]) {
  const handlers = [...kit.handlers.values()];
  const report = (error: unknown): void => void process.stderr.write(`${String(error)}\n`);
  stack.use(await startJobWorkers({ ...background, queue, handlers, report }));
}
for (let number = Number(first); number <= Number(last); number += 1) {
  await putFile(kit.target, `t/${number}/view`, Buffer.alloc(200_000, `photo ${number} `));
  process.stdout.write(`${number}\n`);
}
for (;;) {
  await kit.begin("PlanTransfers", HEALTH_QUEUE);
  const totals = await store.read((transaction) => kit.parts.files.totals(transaction));
  if (totals.every(({ state, files }) => state === "archived" || files === 0)) break;
  await pause(systemTimers, 30);
}
process.stdout.write("done\n");
