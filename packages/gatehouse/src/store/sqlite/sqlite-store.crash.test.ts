import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { systemClock } from "../../kernel/clock.ts";
import { createDeterministicRandom } from "../../testing/deterministic-random.ts";
import { createTemporaryDirectory } from "../../testing/sqlite-fixture.ts";
import { contractMigrations, noteIds } from "../../testing/store-contract-fixture.ts";
import { openSqliteStore } from "./sqlite-store.ts";

const ROUNDS = 20;
const LONGEST_RUN = 120;

const modules = {
  store: new URL("./sqlite-store.ts", import.meta.url).href,
  clock: new URL("../../kernel/clock.ts", import.meta.url).href,
  fixture: new URL("../../testing/store-contract-fixture.ts", import.meta.url).href,
};

/** Writes pairs of notes with eight transactions in flight and prints each name once its write was acknowledged. */
function writerScript(directory: string, round: number): string {
  return `
    import { writeSync } from "node:fs";
    import { openSqliteStore } from ${JSON.stringify(modules.store)};
    import { systemClock } from ${JSON.stringify(modules.clock)};
    import { contractMigrations, INSERT_NOTE } from ${JSON.stringify(modules.fixture)};
    const store = await openSqliteStore({
      directory: ${JSON.stringify(directory)}, clock: systemClock, migrations: contractMigrations,
      tuning: { checkpointFrames: 50 },
    });
    writeSync(1, "ready\\n");
    async function write(writer) {
      for (let index = 0; ; index += 1) {
        const name = "${round}." + writer + "." + index;
        await store.write(async (transaction) => {
          await transaction.execute(INSERT_NOTE, [name + ".left", 1]);
          await transaction.execute(INSERT_NOTE, [name + ".right", 1]);
        });
        writeSync(1, name + "\\n");
      }
    }
    await Promise.all([0, 1, 2, 3, 4, 5, 6, 7].map(write));`;
}

/** Runs the writer, kills it after a while, and returns what it had acknowledged by then. */
async function writeUntilKilled(directory: string, round: number, time: number): Promise<string[]> {
  const child = spawn(process.execPath, ["--input-type=module", "--eval", writerScript(directory, round)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  assert.ok(child.stdout !== null);
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  const closed = once(child, "close");
  await once(child.stdout, "data");
  await delay(time);
  child.kill("SIGKILL");
  await closed;
  // A line that was cut off by the kill was not acknowledged.
  return output.split("\n").slice(1, -1);
}

describe("openSqliteStore: kill -9", () => {
  it(`loses nothing acknowledged and keeps transactions whole over ${ROUNDS} kills at random moments`, async () => {
    using directory = createTemporaryDirectory();
    const random = createDeterministicRandom("crash");
    const acknowledged = new Set<string>();
    for (let round = 0; round < ROUNDS; round += 1) {
      const time = ((random.bytes(1)[0] ?? 0) / 255) * LONGEST_RUN;
      for (const name of await writeUntilKilled(directory.path, round, time)) acknowledged.add(name);
      await using store = await openSqliteStore({
        directory: directory.path,
        clock: systemClock,
        migrations: contractMigrations,
      });
      const ids = new Set(await noteIds(store));
      const lost = [...acknowledged].filter((name) => !ids.has(`${name}.left`) || !ids.has(`${name}.right`));
      assert.deepEqual(lost, [], `round ${round}`);
      const torn = [...ids].filter((id) => !ids.has(id.replace(/\.\w+$/, id.endsWith("left") ? ".right" : ".left")));
      assert.deepEqual(torn, [], `round ${round}`);
    }
    assert.ok(acknowledged.size > ROUNDS, `only ${acknowledged.size} transactions were acknowledged`);
  });
});
