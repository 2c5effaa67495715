import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { systemClock } from "../../kernel/clock.ts";
import { createMemoryCounters } from "../../store/memory/memory-counters.ts";
import { coreMigrations } from "../../store/migrations/core-migrations.ts";
import { openPostgresStore } from "../../store/postgres/postgres-store.ts";
import { createDocuments } from "../../store/sql/documents.ts";
import { openValkeyConnection } from "../../store/valkey/valkey-connection.ts";
import { createValkeyCounters } from "../../store/valkey/valkey-counters.ts";
import { openSqliteStore } from "../../store/sqlite/sqlite-store.ts";
import { skipWithout, startPostgres, startValkey } from "../../testing/services.ts";
import { createTemporaryDirectory } from "../../testing/sqlite-fixture.ts";
import { replaysInCounters, replaysInDocuments, type ProofReplays } from "./proof-replays.ts";

const CALLERS = 32;
const KEYS = 100;
const noPostgres = await skipWithout("postgres");
const noValkey = await skipWithout("valkey");
const worker = fileURLToPath(new URL("../../testing/proof-replays-worker.ts", import.meta.url));

async function isUsedOnce(replays: ProofReplays): Promise<void> {
  const until = systemClock.now() + 60_000;
  for (const key of ["one", "two", "three"]) {
    const calls = Array.from({ length: CALLERS }, () => replays.first(key, until));
    assert.equal((await Promise.all(calls)).filter(Boolean).length, 1);
    assert.equal(await replays.first(key, until), false);
  }
}

/** Two servers that are shown the same proofs at the same time; how many callers of both were the first, by key. */
async function firstsOfTwo(options: Readonly<Record<string, string>>): Promise<number[]> {
  const settings = { ...options, keys: String(KEYS), callers: String(CALLERS / 2) };
  const parameters = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  const servers = [0, 1].map(() => {
    const server = spawn(process.execPath, [worker, ...parameters], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    server.stdout.setEncoding("utf8");
    return server;
  });
  await Promise.all(servers.map(({ stdout }) => once(stdout, "data")));
  const outputs = servers.map(({ stdout }) => stdout.toArray());
  for (const { stdin } of servers) stdin.write("go\n");
  const printed = (await Promise.all(outputs)).map((pieces) => pieces.join(""));
  // The workers print exactly this.
  const [first = [], second = []] = printed.map((text) => JSON.parse(text) as number[]);
  return first.map((count, key) => count + (second[key] ?? 0));
}

const ONCE_EACH = Array.from({ length: KEYS }, () => 1);

/*
 * An attacker sends a proof that was read on its way many times at the same moment, to one server or to several, hoping
 * that none of them has heard of it yet. Who is the first is decided in one place, by one indivisible step.
 */
describe("a proof sent many times at once", () => {
  it("counts once on SQLite", async () => {
    using directory = createTemporaryDirectory();
    await using store = await openSqliteStore({
      ...{ directory: directory.path, clock: systemClock, migrations: coreMigrations },
    });
    await isUsedOnce(replaysInDocuments({ store, documents: createDocuments() }));
  });

  it("counts once in memory", async () => {
    await using counters = createMemoryCounters({ clock: systemClock });
    await isUsedOnce(replaysInCounters(counters));
  });

  it("counts once on PostgreSQL, at two servers", { skip: noPostgres }, async () => {
    await using server = await startPostgres({ durable: false });
    await using database = await server.createDatabase();
    const { url } = database;
    await using store = await openPostgresStore({
      ...{ url, clock: systemClock, migrations: coreMigrations, profile: "development" },
    });
    await isUsedOnce(replaysInDocuments({ store, documents: createDocuments() }));
    assert.deepEqual(await firstsOfTwo({ engine: "postgres", url }), ONCE_EACH);
  });

  it("counts once in Valkey, at two servers", { skip: noValkey }, async () => {
    await using server = await startValkey();
    const { url } = server;
    await using connection = await openValkeyConnection({
      ...{ url, clock: systemClock, profile: "development", commandTimeout: 10_000 },
    });
    const prefix = `${server.freshPrefix()}{proofs}:`;
    await isUsedOnce(replaysInCounters(createValkeyCounters({ connection, clock: systemClock, prefix })));
    assert.deepEqual(await firstsOfTwo({ engine: "valkey", url, prefix }), ONCE_EACH);
  });
});
