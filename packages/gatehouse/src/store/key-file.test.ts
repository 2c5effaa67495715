import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { systemClock as clock } from "../kernel/clock.ts";
import {
  formatKeyMaterial,
  generateKeyMaterial,
  KeyMaterialError,
  parseKeyMaterial,
  rotateKeyMaterial,
} from "../kernel/key-material.ts";
import { systemRandom as random } from "../kernel/random.ts";
import { ensureKeyFile, KeyFileError, readKeyFile, updateKeyFile } from "./key-file.ts";

const modules = {
  clock: new URL("../kernel/clock.ts", import.meta.url).href,
  random: new URL("../kernel/random.ts", import.meta.url).href,
  material: new URL("../kernel/key-material.ts", import.meta.url).href,
  file: new URL("./key-file.ts", import.meta.url).href,
};

/** Another process that runs `statements` with the key file's path in `path`. */
function start(path: string, statements: string): ReturnType<typeof spawn> {
  const code = `
    import { systemClock as clock } from ${JSON.stringify(modules.clock)};
    import { systemRandom as random } from ${JSON.stringify(modules.random)};
    import { rotateKeyMaterial } from ${JSON.stringify(modules.material)};
    import { ensureKeyFile, updateKeyFile } from ${JSON.stringify(modules.file)};
    const path = ${JSON.stringify(path)};
    ${statements}`;
  return spawn(process.execPath, ["--input-type=module", "-e", code], { stdio: ["ignore", "pipe", "inherit"] });
}

let directory: string;
let path: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "key-file-"));
  path = join(directory, "keys.json");
});

afterEach(() => rmSync(directory, { recursive: true }));

describe("ensureKeyFile", () => {
  it("makes a file that its owner alone can read, and gives the same keys from then on", () => {
    const nested = join(directory, "data", "keys.json");
    const made = ensureKeyFile(nested, random, clock);
    assert.equal(statSync(nested).mode & 0o777, 0o600);
    assert.equal(statSync(join(directory, "data")).mode & 0o777, 0o700);
    assert.deepEqual(ensureKeyFile(nested, random, clock), made);
    assert.deepEqual(readKeyFile(nested), made);
  });

  it("makes the same keys for processes that start at once", async () => {
    const children = Array.from({ length: 4 }, () =>
      start(path, "process.stdout.write(Buffer.from(ensureKeyFile(path, random, clock).anchor).toString('hex'));"),
    );
    const anchors = await Promise.all(
      children.map(async (child) => {
        assert.ok(child.stdout);
        let output = "";
        for await (const chunk of child.stdout) output += String(chunk);
        return output;
      }),
    );
    assert.equal(anchors[0]?.length, 64);
    assert.equal(new Set(anchors).size, 1);
  });
});

describe("readKeyFile", () => {
  const text = formatKeyMaterial(generateKeyMaterial(random, clock));

  function refused(expected: RegExp, mode = 0o600): void {
    if (mode !== 0o600) chmodSync(path, mode);
    for (const use of [
      () => readKeyFile(path),
      () => ensureKeyFile(path, random, clock),
      () => updateKeyFile(path, (m) => m),
    ]) {
      assert.throws(use, (error: unknown) => error instanceof KeyFileError && expected.test(error.message));
    }
  }

  it("refuses a file that its group or others can read or write, and says how to mend it", () => {
    writeFileSync(path, text, { mode: 0o600 });
    for (const mode of [0o640, 0o604, 0o620, 0o602, 0o644, 0o777]) refused(/chmod 600/, mode);
    chmodSync(path, 0o400);
    assert.deepEqual(readKeyFile(path), parseKeyMaterial(text));
  });

  it("refuses a symbolic link, even to a good file", () => {
    writeFileSync(join(directory, "elsewhere"), text, { mode: 0o600 });
    symlinkSync(join(directory, "elsewhere"), path);
    refused(/symbolic link/);
  });

  it("refuses a file with a second name", () => {
    writeFileSync(path, text, { mode: 0o600 });
    linkSync(path, join(directory, "second"));
    refused(/hard link/);
  });

  it("refuses what is not a regular file, and a directory anyone can write to", () => {
    mkdirSync(path, { mode: 0o700 });
    refused(/not a regular file/);
    rmSync(path, { recursive: true });
    writeFileSync(path, text, { mode: 0o600 });
    chmodSync(directory, 0o777);
    refused(/chmod o-w/);
    chmodSync(directory, 0o1777);
    assert.deepEqual(readKeyFile(path), parseKeyMaterial(text));
  });

  it("says so when there is none, and never repeats a malformed one", () => {
    assert.throws(() => readKeyFile(path), /no key file/);
    writeFileSync(path, '{"anchor":"top-secret"', { mode: 0o600 });
    assert.throws(
      () => readKeyFile(path),
      (error: unknown) => error instanceof KeyMaterialError && !error.message.includes("top-secret"),
    );
  });
});

describe("updateKeyFile", () => {
  it("replaces the file in one step and leaves nothing beside it but the empty lock", () => {
    ensureKeyFile(path, random, clock);
    const before = statSync(path).ino;
    const rotated = updateKeyFile(path, (material) => rotateKeyMaterial(material, random, clock));
    assert.notEqual(statSync(path).ino, before);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.deepEqual(readKeyFile(path), rotated);
    assert.deepEqual(readdirSync(directory).sort(), ["keys.json", "keys.json.lock"]);
    assert.equal(statSync(`${path}.lock`).size, 0);
  });

  it("leaves the file alone when the change throws, or when there is no file", () => {
    assert.throws(() => updateKeyFile(path, (material) => material), /no key file/);
    const made = ensureKeyFile(path, random, clock);
    assert.throws(() => updateKeyFile(path, () => assert.fail("no")), /no/);
    assert.deepEqual(readKeyFile(path), made);
  });

  it("loses no rotation when several processes rotate at once", async () => {
    ensureKeyFile(path, random, clock);
    const rotate = "for (let n = 0; n < 5; n += 1) updateKeyFile(path, (m) => rotateKeyMaterial(m, random, clock));";
    const exits = await Promise.all(Array.from({ length: 4 }, () => once(start(path, rotate), "exit")));
    assert.deepEqual(
      exits.flat().filter((code) => code !== null),
      [0, 0, 0, 0],
    );
    assert.equal(readKeyFile(path).versions.length, 21);
  });

  it("leaves a whole file and no lock behind when a process is killed while it rotates", async () => {
    const { anchor } = ensureKeyFile(path, random, clock);
    const rotateForever = `
      const rotate = (m) => rotateKeyMaterial({ ...m, versions: m.versions.slice(-3) }, random, clock);
      updateKeyFile(path, rotate);
      process.stdout.write("started");
      for (;;) updateKeyFile(path, rotate);`;
    for (let round = 0; round < 6; round += 1) {
      const child = start(path, rotateForever);
      assert.ok(child.stdout);
      await once(child.stdout, "data");
      await sleep(10 + round * 7);
      child.kill("SIGKILL");
      await once(child, "exit");
      const { version } = readKeyFile(path).versions.at(-1) ?? {};
      assert.deepEqual(readKeyFile(path).anchor, anchor);
      const rotated = updateKeyFile(path, (material) => rotateKeyMaterial(material, random, clock));
      assert.equal(rotated.versions.at(-1)?.version, (version ?? 0) + 1);
    }
    assert.ok((readKeyFile(path).versions.at(-1)?.version ?? 0) > 10, "the child did rotate");
  });
});
