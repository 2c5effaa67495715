import { startJobWorkers } from "../assembly/job-workers.ts";
import { systemClock } from "../kernel/clock.ts";
import { systemRandom } from "../kernel/random.ts";
import { pause, systemTimers } from "../kernel/timers.ts";
import { coreMigrations } from "../store/migrations/core-migrations.ts";
import { openSqliteStore } from "../store/sqlite/sqlite-store.ts";
import { WORK_EFFECTS_QUEUE } from "../work/work-jobs.ts";
import { renamingType, reviewKitMigrations } from "./review-kit-things.ts";
import { ReviewKit } from "./review-kit.ts";

/**
 * A process that works off the outbox of a database: letters go to an address. The one that is to die ends without a word
 * once its letter has arrived, before it can note so.
 */
const [directory = "", address = "", ending = ""] = process.argv.slice(2);
/** Milliseconds: what the one that dies holds is soon free, and the other loses nothing on a busy machine. */
const lease = ending === "die" ? 300 : 60_000;
const migrations = [...coreMigrations, ...reviewKitMigrations];
await using store = await openSqliteStore({ directory, clock: systemClock, migrations });
const letters = {
  async push(letter: { readonly key: string; readonly text: string }): Promise<void> {
    await fetch(address, { method: "POST", body: JSON.stringify(letter) });
    if (ending === "die") process.kill(process.pid, "SIGKILL");
  },
};
await using kit = await ReviewKit.open({ store, type: renamingType(letters), seed: `worker-${ending}` });
const workers = await startJobWorkers({
  ...{ jobs: kit.jobs, store, timers: systemTimers, random: systemRandom, queue: WORK_EFFECTS_QUEUE, lease },
  handlers: [...kit.handlers.values()],
  report: (error) => process.stderr.write(`${String(error)}\n`),
});
while ((await kit.jobs.due(WORK_EFFECTS_QUEUE)) !== undefined) await pause(systemTimers, 20);
await workers[Symbol.asyncDispose]();
