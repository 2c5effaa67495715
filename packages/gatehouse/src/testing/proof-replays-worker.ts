import { once } from "node:events";
import { parseArgs } from "node:util";
import { systemClock } from "../kernel/clock.ts";
import { replaysInCounters, replaysInDocuments, type ProofReplays } from "../oauth/resource/proof-replays.ts";
import { coreMigrations } from "../store/migrations/core-migrations.ts";
import { openPostgresStore } from "../store/postgres/postgres-store.ts";
import { createDocuments } from "../store/sql/documents.ts";
import { openValkeyConnection } from "../store/valkey/valkey-connection.ts";
import { createValkeyCounters } from "../store/valkey/valkey-counters.ts";

/**
 * One of several servers that are shown the same proofs at once: `--engine`, `--url`, `--prefix`, `--keys`, `--callers`.
 * Says `ready`, begins once told so, and prints as JSON how many callers were the first, by key.
 */
const { values } = parseArgs({
  options: {
    engine: { type: "string", default: "" },
    url: { type: "string", default: "" },
    prefix: { type: "string", default: "" },
    keys: { type: "string", default: "1" },
    callers: { type: "string", default: "16" },
  },
});

await using opened = new AsyncDisposableStack();
const replays = await open();
process.stdout.write("ready\n");
await once(process.stdin, "data");
const until = systemClock.now() + 60_000;
const firsts: number[] = [];
for (let key = 0; key < Number(values.keys); key += 1) {
  const calls = Array.from({ length: Number(values.callers) }, () => replays.first(`proof-${key}`, until));
  firsts.push((await Promise.all(calls)).filter(Boolean).length);
}
process.stdout.write(`${JSON.stringify(firsts)}\n`);
process.stdin.destroy();

async function open(): Promise<ProofReplays> {
  const { url, prefix, engine } = values;
  const common = { url, clock: systemClock, profile: "development" } as const;
  if (engine === "valkey") {
    const connection = opened.use(await openValkeyConnection({ ...common, commandTimeout: 10_000 }));
    return replaysInCounters(createValkeyCounters({ connection, clock: systemClock, prefix }));
  }
  const store = opened.use(await openPostgresStore({ ...common, migrations: coreMigrations }));
  return replaysInDocuments({ store, documents: createDocuments() });
}
