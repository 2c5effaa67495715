import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, it } from "node:test";
import { systemClock } from "../../kernel/clock.ts";
import { createTemporaryDirectory } from "../../testing/sqlite-fixture.ts";
import { DirectoryInUseError, LOCK_FILES, lockDirectory } from "./directory-lock.ts";

const lockModule = new URL("./directory-lock.ts", import.meta.url).href;
const clockModule = new URL("../../kernel/clock.ts", import.meta.url).href;

/** A process that holds the lock of a directory until it is killed. */
async function holdElsewhere(directory: string): Promise<ChildProcess> {
  const script = `
    import { lockDirectory } from ${JSON.stringify(lockModule)};
    import { systemClock } from ${JSON.stringify(clockModule)};
    globalThis.lock = lockDirectory(${JSON.stringify(directory)}, systemClock);
    console.log("locked");
    setInterval(() => undefined, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  assert.ok(child.stdout !== null);
  const [line] = await once(createInterface(child.stdout), "line");
  assert.equal(line, "locked");
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  const exit = once(child, "exit");
  child.kill("SIGKILL");
  await exit;
}

describe("lockDirectory", () => {
  it("refuses a directory that another process holds, and says which", async () => {
    using directory = createTemporaryDirectory();
    const child = await holdElsewhere(directory.path);
    assert.throws(
      () => lockDirectory(directory.path, systemClock),
      (error) => {
        assert.ok(error instanceof DirectoryInUseError);
        const holder = `is in use by process ${String(child.pid)}, since 20`;
        assert.ok(error.message.includes(directory.path) && error.message.includes(holder), error.message);
        return true;
      },
    );
    await kill(child);
  });

  it("survives a process that died without letting go", async () => {
    using directory = createTemporaryDirectory();
    await kill(await holdElsewhere(directory.path));
    assert.ok(existsSync(join(directory.path, "store.pid")));
    lockDirectory(directory.path, systemClock)[Symbol.dispose]();
  });

  it("refuses a second store of the same process", () => {
    using directory = createTemporaryDirectory();
    using _lock = lockDirectory(directory.path, systemClock);
    assert.throws(() => lockDirectory(directory.path, systemClock), DirectoryInUseError);
  });

  it("can be taken again after it was given back, and leaves none but its own files", () => {
    using directory = createTemporaryDirectory();
    for (let round = 0; round < 3; round += 1) lockDirectory(directory.path, systemClock)[Symbol.dispose]();
    const others = readdirSync(directory.path).filter((name) => !LOCK_FILES.some((file) => file === name));
    assert.deepEqual(others, []);
  });
});
