import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { runCommand } from "../../../../test/support/server-process.ts";

const REPOSITORY = fileURLToPath(new URL("../../../../", import.meta.url));

describe("gatehouse work make-type", () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "gatehouse-made-types-"));
    // As in a project that has the library installed.
    await symlink(join(REPOSITORY, "node_modules"), join(folder, "node_modules"));
  });
  after(() => rm(folder, { recursive: true }));

  const make = (...words: string[]) => runCommand(["work", "make-type", ...words], { data: folder });

  it("writes a type with a test that passes as it is", async () => {
    const { code, stdout, stderr } = await make("recipes.re-time", "--into", folder);
    assert.equal(code, 0, stderr);
    const made = (await readdir(folder)).filter((name) => name.endsWith(".ts"));
    assert.deepEqual(made.toSorted(), ["recipes-re-time-order.test.ts", "recipes-re-time-order.ts"]);
    assert.match(stdout, /types: \[recipesReTimeOrder\(recipesReTimeResource\(documents\)\)\]/);
    const text = await readFile(join(folder, "recipes-re-time-order.ts"), "utf8");
    assert.match(text, /type: "recipes\.re-time"[\s\S]*title: "Change recipes"/);
    assert.doesNotMatch(text, /sample/i);
    const environment = { ...process.env };
    // Or it takes itself for a part of this test.
    delete environment["NODE_TEST_CONTEXT"];
    const test = join(folder, "recipes-re-time-order.test.ts");
    const run = spawnSync(process.execPath, ["--conditions=gatehouse-source", test], {
      ...{ encoding: "utf8", env: environment, timeout: 120_000 },
    });
    assert.equal(run.status, 0, run.stdout + run.stderr);
    assert.match(run.stdout, /pass 2\b/);
  });

  it("writes over nothing, and says what it takes", async () => {
    const again = await make("recipes.re-time", "--into", folder);
    assert.deepEqual([again.code, /is there already/.test(again.stderr)], [2, true], again.stderr);
    for (const name of ["", "recipes", "Recipes.time", "recipes.time.again", "../x.y"]) {
      const { code, stderr } = await make(...(name === "" ? [] : [name]), "--into", folder);
      assert.equal(code, 2);
      assert.match(stderr, /two words of small letters/);
    }
  });
});
