/**
 * Work that is claimed and completed, beside pg-boss and graphile-worker on the same PostgreSQL, and on SQLite. Each starts
 * with the same number of things to do, one item an order, and callers who claim and complete until nothing is left. One at
 * a time: a transaction for the claim and one for the completion. Batched: 50 at a time in both (graphile-worker: its local
 * queue and batched completion).
 *
 * The peers keep a row a job. Gatehouse writes, for each item, a lease with a token and an epoch, five chained events, the
 * states of item and order, and the result. PostgreSQL has its own defaults (fsync and synchronous_commit on) but for more
 * connections. The contenders take turns; medians over the rounds.
 *
 * Then 500 agents, each of whom claims an item, works for a second or two, and submits it: how long claims take.
 *
 * node --conditions=gatehouse-source bench/work/claims.bench.ts [--json] [--rounds=N] [--items=N] [--callers=N] [--agents=N]
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { systemClock as clock, type Store } from "gatehouse/kernel";
import { coreMigrations } from "gatehouse/store";
import { openPostgresStore } from "gatehouse/store/postgres";
import { openSqliteStore } from "gatehouse/store/sqlite";
import { startOwnPostgres } from "gatehouse/testing";
import { median, numberOption, print, versionsOf, type Goal } from "../support/report.ts";
import type { Contender } from "./contender.ts";
import { Agent, gatehouseContender, propose } from "./gatehouse.ts";
import { graphileContender, pgBossContender } from "./peers.ts";

const rounds = numberOption("rounds", 3);
const items = numberOption("items", 2000);
const callers = numberOption("callers", 16);
const agents = numberOption("agents", 500);
const BATCHED_TIMES = 5;

const directory = mkdtempSync(join(tmpdir(), "gatehouse-bench-"));
await using postgres = await startOwnPostgres({ settings: { max_connections: "200" } });
const sqliteStore = await openSqliteStore({ directory, clock, migrations: coreMigrations });
const { url } = await postgres.createDatabase();
const limits = { connections: callers, acquire: 30_000, statement: 30_000, lock: 30_000, total: 60_000 };
const postgresStore = await openPostgresStore({ url, clock, migrations: coreMigrations, limits });

const contenders: readonly Contender[] = [
  gatehouseContender("Gatehouse, PostgreSQL", "single", postgresStore),
  await pgBossContender((await postgres.createDatabase()).url, "single", callers),
  await graphileContender((await postgres.createDatabase()).url, "single", callers),
  gatehouseContender("Gatehouse, PostgreSQL", "batched", postgresStore),
  await pgBossContender((await postgres.createDatabase()).url, "batched", callers),
  await graphileContender((await postgres.createDatabase()).url, "batched", callers),
  gatehouseContender("Gatehouse, SQLite", "single", sqliteStore),
  gatehouseContender("Gatehouse, SQLite", "batched", sqliteStore),
];

interface Round {
  /** Claimed and completed, a second. */
  readonly speed: number;
  /** Microseconds of this process's time for each. */
  readonly cpu: number;
}

async function measure(contender: Contender): Promise<Round> {
  const count = contender.how === "single" ? items : items * BATCHED_TIMES;
  await contender.fill(count);
  const [before, began] = [process.cpuUsage(), performance.now()];
  const done = await contender.drain(contender.name.includes("SQLite") ? 4 * callers : callers);
  const seconds = (performance.now() - began) / 1000;
  const { user, system } = process.cpuUsage(before);
  if (done !== count) throw new Error(`${contender.name} has done ${done} of ${count}.`);
  return { speed: done / seconds, cpu: (user + system) / done };
}

const results = new Map<Contender, Round[]>(contenders.map((contender) => [contender, []]));
for (let round = 0; round < rounds; round += 1) {
  for (const contender of contenders) results.get(contender)?.push(await measure(contender));
}

function middle(name: string, how: Contender["how"], member: keyof Round = "speed"): number {
  const contender = contenders.find((one) => one.name === name && one.how === how);
  return median((contender === undefined ? [] : (results.get(contender) ?? [])).map((round) => round[member]));
}

/** How long claims of many agents take who work for a while on each item. */
async function paced(store: Store): Promise<{ readonly p50: number; readonly p99: number; readonly pairs: number }> {
  await propose(store, agents * 5);
  const times: number[] = [];
  const ended = performance.now() + 10_000;
  await Promise.all(
    Array.from({ length: agents }, async (_, index) => {
      const agent = new Agent(store, `agent-${index}`);
      await delay((index * 1500) / agents);
      while (performance.now() < ended) {
        const began = performance.now();
        const held = await agent.claim(1);
        times.push(performance.now() - began);
        await delay(1000 + ((index * 7919) % 1000));
        if (held.length > 0) await agent.submit(held);
      }
    }),
  );
  const sorted = times.toSorted((left, right) => left - right);
  const at = (part: number): number => sorted[Math.floor(sorted.length * part)] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99), pairs: times.length / 10 };
}

const onPostgres = await paced(postgresStore);
const onSqlite = await paced(sqliteStore);

const goals: Goal[] = [
  {
    text: "One at a time on PostgreSQL, of pg-boss",
    reached: middle("Gatehouse, PostgreSQL", "single") / middle("pg-boss", "single"),
    least: 1,
  },
  {
    text: "One at a time on PostgreSQL, of graphile-worker",
    reached: middle("Gatehouse, PostgreSQL", "single") / middle("graphile-worker", "single"),
    least: 0.7,
  },
  {
    text: "Batched on PostgreSQL, of pg-boss",
    reached: middle("Gatehouse, PostgreSQL", "batched") / middle("pg-boss", "batched"),
    least: 1,
  },
  { text: "A second on SQLite", reached: middle("Gatehouse, SQLite", "batched"), least: 10_000 },
];

print({
  benchmark: "work",
  versions: versionsOf("pg-boss", "graphile-worker", "pg"),
  tables: [
    {
      title: `Claimed and completed, ${callers} callers (SQLite: ${4 * callers})`,
      columns: ["", "one at a time, a second", "batched, a second", "CPU us, one at a time", "CPU us, batched"],
      rows: ["Gatehouse, PostgreSQL", "pg-boss", "graphile-worker", "Gatehouse, SQLite"].map((name) => [
        ...[name, middle(name, "single"), middle(name, "batched")],
        ...[middle(name, "single", "cpu"), middle(name, "batched", "cpu")],
      ]),
    },
    {
      title: `Claims of ${agents} agents who work for one to two seconds on each item`,
      columns: ["", "claims a second", "p50 ms", "p99 ms"],
      rows: [
        ["PostgreSQL", onPostgres.pairs, onPostgres.p50, onPostgres.p99],
        ["SQLite", onSqlite.pairs, onSqlite.p50, onSqlite.p99],
      ],
    },
  ],
  goals,
});

for (const contender of contenders) await contender[Symbol.asyncDispose]();
await postgresStore[Symbol.asyncDispose]();
await sqliteStore[Symbol.asyncDispose]();
rmSync(directory, { recursive: true, force: true });
