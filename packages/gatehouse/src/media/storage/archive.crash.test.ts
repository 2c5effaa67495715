import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { it } from "node:test";
import { fileURLToPath } from "node:url";
import { systemClock } from "../../kernel/clock.ts";
import { coreMigrations } from "../../store/migrations/core-migrations.ts";
import { openSqliteStore } from "../../store/sqlite/sqlite-store.ts";
import { createTemporaryDirectory } from "../../testing/sqlite-fixture.ts";
import { openFolder, StorageKit } from "../../testing/storage-kit.ts";
import { readFile } from "../../testing/storage-target-contract.ts";

const WORKER = fileURLToPath(new URL("../../testing/storage-worker.ts", import.meta.url));
const FILES = 60;
const FEWEST_KILLS = 8;

it("loses no stored file and leaves no orphan, however often the process is killed while it archives", async () => {
  using folder = createTemporaryDirectory();
  const stored = new Set<number>();
  let kills = 0;
  for (;;) {
    const next = Math.max(-1, ...stored) + 1;
    const child = spawn(
      process.execPath,
      ["--conditions=gatehouse-source", WORKER, folder.path, String(next), String(FILES)],
      {
        stdio: ["ignore", "pipe", "inherit"],
      },
    );
    let output = "";
    let isDone = false;
    // Killed when it has stored a few files more, at a moment that the machine chooses.
    const most = 3 + (kills % 7);
    child.stdout.on("data", (data: Buffer) => {
      output += data.toString();
      const lines = output.split("\n").slice(0, -1);
      for (const line of lines) if (line !== "done") stored.add(Number(line));
      isDone = lines.includes("done");
      if (kills < FEWEST_KILLS && lines.length >= most) setTimeout(() => child.kill("SIGKILL"), kills * 4);
    });
    await once(child, "close");
    if (isDone) break;
    assert.equal(child.signalCode, "SIGKILL");
    kills += 1;
  }
  assert.ok(kills >= FEWEST_KILLS, `${kills} kills`);
  assert.equal(stored.size, FILES + 1);

  await using store = await openSqliteStore({ directory: folder.path, clock: systemClock, migrations: coreMigrations });
  const hot = await openFolder("hot", join(folder.path, "hot"));
  const archive = await openFolder("archive", join(folder.path, "archive"));
  const kit = new StorageKit({ store, clock: systemClock, hot, archive });
  for (const number of stored) {
    const key = `t/${number}/view`;
    assert.equal(await kit.state(key), "archived", key);
    assert.equal(await readFile(archive, key), Buffer.alloc(200_000, `photo ${number} `).toString(), key);
  }
  assert.deepEqual(await hot.list(""), []);
  assert.equal((await archive.list("")).length, stored.size);
  for (const target of [hot, archive]) {
    await target.removeUnfinished(systemClock.now() + 60_000);
    assert.equal(await target.removeUnfinished(Number.MAX_SAFE_INTEGER), 0);
  }
});
