// Tokens of an earlier system are in its table as clear text. Whoever takes them over may be cut off at any moment, and
// afterwards every guest's printed code must still open its event, and no clear text may be left or lost unchecked.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { systemClock } from "../kernel/clock.ts";
import { formatKeyMaterial, generateKeyMaterial } from "../kernel/key-material.ts";
import { createKeyRing } from "../kernel/key-ring.ts";
import type { Store } from "../kernel/ports/store.ts";
import { systemRandom } from "../kernel/random.ts";
import { createJoinTokens } from "../store/sql/guests/join-tokens.ts";
import { createLegacyTokens } from "../store/sql/guests/legacy-tokens.ts";
import { portableStatement } from "../store/sql/statement.ts";
import { openLegacyStore } from "../testing/legacy-store.ts";
import { skipWithout, startPostgres, type PostgresService } from "../testing/services.ts";
import type { MigrationStep } from "./legacy.ts";
import { possibleHashes } from "./token-text.ts";

const WORKER = fileURLToPath(new URL("../testing/legacy-worker.ts", import.meta.url));
const ROWS = 600;
const INSERT = portableStatement("INSERT INTO join_codes (id, code, event_id, expires) VALUES ($1, $2, $3, NULL)");
const COUNTS = portableStatement("SELECT COUNT(*) AS count FROM join_tokens");
const material = generateKeyMaterial(systemRandom, systemClock);
const keyRing = createKeyRing(material);
const tokens = createJoinTokens();

/** Every fifth one is short enough to be guessed. */
const codeOf = (row: number): string => (row % 5 === 0 ? `EV-${row}` : `legacy-${row}-${"x".repeat(20)}`);

interface Place {
  readonly engine: string;
  readonly place: string;
}

async function fill({ engine, place }: Place): Promise<void> {
  await using store = await openLegacyStore(engine, place);
  await store.write(async (writing) => {
    for (let row = 1; row <= ROWS; row += 1) await writing.execute(INSERT, [row, codeOf(row), row % 7]);
  });
}

/** Runs the worker, and kills it once it has said so many steps; the steps it said. */
async function takeOver({ engine, place }: Place, killAfter = Number.POSITIVE_INFINITY): Promise<MigrationStep[]> {
  const words = ["--conditions=gatehouse-source", WORKER, engine, place, formatKeyMaterial(material)];
  const child = spawn(process.execPath, words, { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "close");
  const steps: MigrationStep[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    steps.push(JSON.parse(line));
    if (steps.length === killAfter) child.kill("SIGKILL");
  }
  const [code] = await ended;
  if (killAfter === Number.POSITIVE_INFINITY) assert.equal(code, 0);
  return steps;
}

async function opened(store: Store, row: number) {
  const hashes = possibleHashes(keyRing, "acme", codeOf(row));
  return store.read((reading) => tokens.findByText(reading, "acme", hashes));
}

async function verify({ engine, place }: Place): Promise<void> {
  await using store = await openLegacyStore(engine, place);
  const legacy = createLegacyTokens({ table: "join_codes", column: "code", id: "id", collection: "event_id" });
  const [left, made] = await store.read(async (reading) => [
    await legacy.count(reading),
    await reading.execute<{ readonly count: number }>(COUNTS, []),
  ]);
  assert.deepEqual(left, { all: ROWS, clear: 0 });
  assert.equal(Number(made[0]?.count), ROWS, "none was taken over twice");
  for (let row = 1; row <= ROWS; row += 1) {
    const found = await opened(store, row);
    assert.deepEqual(
      [found?.standing, found?.token.collection, found?.token.weak],
      ["good", String(row % 7), row % 5 === 0],
      `row ${row}`,
    );
    const lasts = (found?.token.expiresAt ?? 0) - systemClock.now();
    assert.ok(lasts <= 1e9, "it has an end");
  }
}

async function survive(place: Place): Promise<void> {
  await fill(place);
  // While it copies, while it checks, while it deletes.
  const seen = new Set<string>();
  for (const killAfter of [3, 8, 16, 30]) {
    for (const { phase } of await takeOver(place, killAfter)) seen.add(phase);
    await using store = await openLegacyStore(place.engine, place.place);
    // The code of any row opens its event, by its hash or still by its clear text.
    const legacy = createLegacyTokens({ table: "join_codes", column: "code", id: "id", collection: "event_id" });
    for (const row of [1, 5, 299, ROWS]) {
      const clear = await store.read((reading) => legacy.findByText(reading, codeOf(row)));
      assert.ok(clear !== undefined || (await opened(store, row))?.standing === "good", `row ${row}`);
    }
  }
  assert.ok(seen.has("copy") && seen.has("verify") && seen.has("clear"), [...seen].join(" "));
  const last = (await takeOver(place)).at(-1);
  assert.equal(last?.phase, "done");
  assert.equal(last.expected.checksum, last.found.checksum);
  await verify(place);
  assert.deepEqual((await takeOver(place)).at(-1)?.cleared, 0, "once more changes nothing");
}

const withoutPostgres = await skipWithout("postgres");

describe("taking over clear texts, killed in the middle", () => {
  it("goes on where it was on SQLite", async () => {
    const directory = await mkdtemp(join(tmpdir(), "gatehouse-legacy-"));
    try {
      await survive({ engine: "sqlite", place: directory });
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });

  describe("on PostgreSQL", { skip: withoutPostgres }, () => {
    let service: PostgresService | undefined;
    after(() => service?.[Symbol.asyncDispose]());

    it("goes on where it was", async () => {
      service = await startPostgres();
      await using database = await service.createDatabase();
      await survive({ engine: "postgres", place: database.url });
    });
  });
});
