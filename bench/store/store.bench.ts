/**
 * Durable transactions beside PostgreSQL: one row per transaction, answered once it would survive a loss of power. Both
 * write to the same disk. PostgreSQL runs with its own defaults (fsync and synchronous_commit on), reached over
 * loopback through `pg` with one connection for each caller and a statement it has prepared; the embedded store runs
 * as it always does. Each caller starts its next transaction when the one before is answered. The two take turns in
 * short rounds; medians over the rounds.
 *
 * node --conditions=gatehouse-source bench/store/store.bench.ts [--json] [--rounds=N] [--seconds=N]
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createIds, systemClock as clock, systemRandom as random } from "gatehouse/kernel";
import { portableMigration, portableStatement } from "gatehouse/store";
import { openSqliteStore } from "gatehouse/store/sqlite";
import { startOwnPostgres } from "gatehouse/testing";
import { Pool } from "pg";
import { median, numberOption, print, versionsOf, type Table } from "../support/report.ts";

const CALLERS = [1, 8, 64] as const;
const GOAL = 10;
const ENTRY = "A lovely evening, thank you!";

const table = portableMigration(
  "9001_notes",
  "CREATE TABLE notes (id {id} NOT NULL PRIMARY KEY, entry TEXT NOT NULL, rating {integer} NOT NULL, at {integer} NOT NULL) {strict}",
);
const INSERT = portableStatement("INSERT INTO notes (id, entry, rating, at) VALUES ($1, $2, $3, $4)");

interface Contender extends AsyncDisposable {
  readonly name: string;
  /** One durable transaction. */
  insert(): Promise<unknown>;
}

interface Round {
  /** Transactions a second. */
  readonly speed: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** Microseconds of this process's time per transaction. */
  readonly cpu: number;
}

const ids = createIds(clock, random);
const row = (): [string, string, number, number] => [ids.next(), ENTRY, 5, clock.now()];

async function openEmbedded(): Promise<Contender> {
  const directory = mkdtempSync(join(tmpdir(), "gatehouse-bench-"));
  const store = await openSqliteStore({ directory, clock, migrations: [table] });
  return {
    name: "Gatehouse, SQLite",
    insert: () => store.write((transaction) => transaction.execute(INSERT, row())),
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function openPeer(): Promise<Contender & { readonly version: string }> {
  const server = await startOwnPostgres({ environment: process.env });
  const pool = new Pool({ connectionString: server.url, max: Math.max(...CALLERS) });
  await pool.query(table.postgres);
  const { rows } = await pool.query("SHOW server_version");
  return {
    name: "PostgreSQL, pg",
    version: String(rows[0]?.server_version).split(" ")[0] ?? "?",
    insert: () => pool.query({ name: "insert", text: INSERT.postgres, values: row() }),
    async [Symbol.asyncDispose]() {
      await pool.end();
      await server[Symbol.asyncDispose]();
    },
  };
}

async function measure({ insert }: Contender, callers: number, duration: number): Promise<Round> {
  const times: number[] = [];
  const began = clock.monotonic();
  const before = process.cpuUsage();
  const call = async (): Promise<void> => {
    for (let start = began; start < began + duration;) {
      await insert();
      const now = clock.monotonic();
      times.push(now - start);
      start = now;
    }
  };
  await Promise.all(Array.from({ length: callers }, call));
  const elapsed = clock.monotonic() - began;
  const { user, system } = process.cpuUsage(before);
  const sorted = Float64Array.from(times).sort();
  return {
    speed: (times.length * 1000) / elapsed,
    p50: sorted[times.length >> 1] ?? Number.NaN,
    p99: sorted[Math.floor(times.length * 0.99)] ?? Number.NaN,
    cpu: (user + system) / times.length,
  };
}

const rounds = numberOption("rounds", 7);
const duration = numberOption("seconds", 2) * 1000;
const results: { readonly callers: number; readonly name: string; readonly rounds: Round[] }[] = [];
let version: string;
{
  await using embedded = await openEmbedded();
  await using peer = await openPeer();
  version = peer.version;
  for (const callers of CALLERS) {
    const contenders = [embedded, peer].map((contender) => ({ contender, rounds: [] as Round[] }));
    for (let round = -1; round < rounds; round += 1) {
      for (const { contender, rounds: measured } of contenders) {
        const answer = await measure(contender, callers, duration);
        if (round >= 0) measured.push(answer);
      }
    }
    for (const { contender, rounds: measured } of contenders) {
      results.push({ callers, name: contender.name, rounds: measured });
    }
  }
}

const middle = (measured: readonly Round[], member: keyof Round): number =>
  median(measured.map((round) => round[member]));
const peerSpeed = (callers: number): number =>
  middle(results.findLast((result) => result.callers === callers)?.rounds ?? [], "speed");
const printed: Table = {
  title: "Durable transactions",
  columns: ["callers", "store", "transactions a second", "of PostgreSQL", "p50 ms", "p99 ms", "CPU us in this process"],
  rows: results.map(({ callers, name, rounds: measured }) => [
    String(callers),
    name,
    middle(measured, "speed"),
    `${(middle(measured, "speed") / peerSpeed(callers)).toFixed(1)} times`,
    middle(measured, "p50"),
    middle(measured, "p99"),
    middle(measured, "cpu"),
  ]),
};
const reached = CALLERS.map((callers) => {
  const own = results.find((result) => result.callers === callers);
  const text = `times PostgreSQL's durable transactions at ${callers} callers`;
  return { text, reached: middle(own?.rounds ?? [], "speed") / peerSpeed(callers), least: GOAL };
});
print({
  benchmark: "store",
  tables: [printed],
  goals: reached,
  versions: { PostgreSQL: version, ...versionsOf("pg") },
});
