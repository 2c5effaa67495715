import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";

import { systemClock } from "../kernel/clock.ts";
import type { Counters, LimitCheck } from "../kernel/ports/counters.ts";
import { coreMigrations } from "../store/migrations/core-migrations.ts";
import { openPostgresStore } from "../store/postgres/postgres-store.ts";
import { createSqlCounters } from "../store/sql/sql-counters.ts";
import { openValkeyConnection } from "../store/valkey/valkey-connection.ts";
import { createValkeyCounters } from "../store/valkey/valkey-counters.ts";

/**
 * One of several processes that press on the same limits at once: `--engine`, `--url`, `--prefix`, `--milliseconds`,
 * `--callers`, and the checks of every call as JSON. Prints how many calls were admitted and how many refused.
 */
const { values } = parseArgs({
  options: {
    engine: { type: "string", default: "" },
    url: { type: "string", default: "" },
    prefix: { type: "string", default: "" },
    milliseconds: { type: "string", default: "1000" },
    callers: { type: "string", default: "8" },
    checks: { type: "string", default: "[]" },
  },
});

await using opened = new AsyncDisposableStack();
const counters = await open();
// The test that starts this process writes the checks with the same type.
const checks = JSON.parse(values.checks) as LimitCheck[];
const count = { admitted: 0, refused: 0 };
const end = systemClock.monotonic() + Number(values.milliseconds);
await Promise.all(Array.from({ length: Number(values.callers) }, press));
process.stdout.write(`${JSON.stringify(count)}\n`);

async function press(): Promise<void> {
  while (systemClock.monotonic() < end) {
    const { admitted } = await counters.take(checks);
    count[admitted ? "admitted" : "refused"] += 1;
    await pause(2);
  }
}

async function open(): Promise<Counters> {
  const { url, prefix, engine } = values;
  const common = { url, clock: systemClock, profile: "development" } as const;
  if (engine === "valkey") {
    const connection = opened.use(await openValkeyConnection({ ...common, commandTimeout: 10_000 }));
    return createValkeyCounters({ connection, clock: systemClock, prefix });
  }
  const store = opened.use(await openPostgresStore({ ...common, migrations: coreMigrations }));
  return opened.use(createSqlCounters({ store, clock: systemClock }));
}
