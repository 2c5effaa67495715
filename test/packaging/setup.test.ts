import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { appendFile, copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { repository, type Run } from "./repository-copy.ts";

/** Stands in for npm, which needs a registry: notes that it was called, takes its time, and ends as it is told. */
const INSTALLER = `
import { appendFileSync, mkdirSync, readFileSync } from "node:fs";
appendFileSync("calls.log", process.argv.slice(2).join(" ") + "\\n");
await new Promise((resolve) => setTimeout(resolve, 700));
const answer = readFileSync("answer.txt", "utf8");
if (answer !== "") {
  console.error(answer);
  process.exit(1);
}
mkdirSync("node_modules", { recursive: true });
`;

describe("tools/setup.mjs", () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "gatehouse-setup-"));
    await mkdir(join(folder, "tools"));
    await copyFile(join(repository, "tools", "setup.mjs"), join(folder, "tools", "setup.mjs"));
    await writeFile(join(folder, "package-lock.json"), "{}");
    await writeFile(join(folder, "package.json"), '{ "type": "module" }');
    await writeFile(join(folder, "npm-cli.js"), INSTALLER);
    await writeFile(join(folder, "answer.txt"), "");
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  async function setUp(): Promise<Run> {
    const child = spawn(process.execPath, [join(folder, "tools", "setup.mjs")], {
      env: { ...process.env, npm_execpath: join(folder, "npm-cli.js") },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
    const [code]: (number | null)[] = await once(child, "close");
    return { code: code ?? null, output };
  }

  async function calls(): Promise<string[]> {
    if (!existsSync(join(folder, "calls.log"))) return [];
    return (await readFile(join(folder, "calls.log"), "utf8")).trim().split("\n");
  }

  it("installs once, without install scripts, and then only when the lock file changed", async () => {
    const first = await setUp();
    assert.equal(first.code, 0, first.output);
    assert.match(first.output, /^Preparing dependencies \(first run; .*\) \.\.\. done in \d+ s\.\n$/);
    assert.deepEqual(await setUp(), { code: 0, output: "" });
    await appendFile(join(folder, "package-lock.json"), "\n");
    assert.match((await setUp()).output, /the lock file changed/);
    // What an earlier one left unfinished is no reason to speak of changes.
    await rm(join(folder, "node_modules", ".gatehouse-setup"));
    assert.match((await setUp()).output, /first run/);
    const all = await calls();
    assert.equal(all.length, 3);
    for (const call of all) assert.match(call, /^ci --ignore-scripts /);
  });

  it("installs once when several set-ups begin together", async () => {
    const runs = await Promise.all([setUp(), setUp(), setUp()]);
    for (const { code, output } of runs) assert.equal(code, 0, output);
    assert.equal((await calls()).length, 1);
    assert.equal(existsSync(join(folder, ".gatehouse-setup.lock")), false);
  });

  it("takes over the lock of a set-up that was killed", async () => {
    const gone = spawnSync(process.execPath, ["--version"]).pid;
    await writeFile(join(folder, ".gatehouse-setup.lock"), `${gone}\n`);
    const { code, output } = await setUp();
    assert.equal(code, 0, output);
    assert.equal((await calls()).length, 1);
  });

  it("says what to do without a network, and tries again the next time", async () => {
    await writeFile(join(folder, "answer.txt"), "npm error code ENOTFOUND");
    const { code, output } = await setUp();
    assert.equal(code, 1);
    assert.match(output, /registry could not be reached/);
    assert.doesNotMatch(output, /\n {4}at /, "no stack");
    await writeFile(join(folder, "answer.txt"), "");
    assert.equal((await setUp()).code, 0);
  });
});
