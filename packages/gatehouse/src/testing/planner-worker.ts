import { systemClock } from "../kernel/clock.ts";
import { pause, systemTimers } from "../kernel/timers.ts";
import { coreMigrations } from "../store/migrations/core-migrations.ts";
import { openSqliteStore } from "../store/sqlite/sqlite-store.ts";
import { startPlanners } from "../work/planners/schedule.ts";
import { createFakeClock } from "./fake-clock.ts";
import { openPlannerServer, thingPlanner } from "./planner-kit.ts";
import { reviewKitMigrations } from "./review-kit-things.ts";
import { ReviewKit } from "./review-kit.ts";

/**
 * A process whose planner finds five things. With a number it ends without a word once it has proposed so many of them;
 * otherwise it ends once there is nothing new.
 */
const [directory = "", proposals = ""] = process.argv.slice(2);
const migrations = [...coreMigrations, ...reviewKitMigrations];
await using store = await openSqliteStore({ directory, clock: systemClock, migrations });
const clock = createFakeClock(systemClock.now());
await using kit = await ReviewKit.open({ store, clock, seed: `worker-${proposals}` });
const planner = thingPlanner(kit, () => ["a", "b", "c", "d", "e"].map((key) => ({ key, input: { things: [key] } })));
await using server = await openPlannerServer(kit, [planner], `server-${proposals}`);
let attempts = 0;
const { gate } = server.gate;
const mortal: typeof gate = {
  ...gate,
  attempt(attempt) {
    if (String(attempts) === proposals) process.kill(process.pid, "SIGKILL");
    attempts += 1;
    return gate.attempt(attempt);
  },
};
// What the one that dies holds is soon free, and the other loses nothing on a busy machine.
const hold = proposals === "" ? 60_000 : 300;
const running = startPlanners({ ...server.parts, gate: () => mortal, hold });
while (server.told.length === 0) await pause(systemTimers, 20);
await running[Symbol.asyncDispose]();
