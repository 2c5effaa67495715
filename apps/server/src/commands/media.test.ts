import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { runCommand, startServer, type ServerProcess } from "../../../../test/support/server-process.ts";

const NOBODY = "0".repeat(32);

describe("gatehouse media", () => {
  let server: ServerProcess;
  before(async () => {
    server = await startServer();
  });
  after(() => server[Symbol.asyncDispose]());

  const run = (...words: string[]) => runCommand(["media", ...words], { data: server.data });

  it("says how the scanner and the queue are, in words and as JSON", async () => {
    const { code, stdout } = await run("status");
    assert.equal(code, 0);
    assert.match(stdout, /^scanner: (none|ready|outdated|unavailable)\b.*\nwaiting: 0/);
    const { stdout: json } = await run("status", "--json");
    assert.deepEqual(JSON.parse(json).queue, { files: 0, age: 0 });
  });

  it("lists files, of a state or a collection", async () => {
    const { code, stdout } = await run("list", "--state", "held", "--collection", "wedding");
    assert.deepEqual([code, stdout.trim()], [0, "There is no such file."]);
    const { stdout: json } = await run("list", "--json");
    assert.deepEqual(JSON.parse(json), { assets: [] });
  });

  it("says that there is no such asset, whatever is to be done with it", async () => {
    for (const command of ["show", "release", "rescan"]) {
      const { code, stderr } = await run(command, NOBODY);
      assert.equal(code, 1, command);
      assert.match(stderr, /There is no asset/, command);
    }
  });

  it("has an event scanned again, where there is a scanner", async () => {
    const { stderr, stdout } = await run("rescan-all", "wedding");
    assert.match(stderr + stdout, /There is no scanner|They will be looked at/);
    assert.match((await run("rescan-all")).stderr, /Say of which event/);
  });

  it("says what is missing or wrong", async () => {
    assert.match((await run("show")).stderr, /Name one asset/);
    assert.match((await run("show", "x")).stderr, /32 hexadecimal digits/);
    assert.match((await run("list", "--limit", "1000")).stderr, /from 1 to 200/);
    assert.notEqual((await run("list", "--state", "lost")).code, 0);
  });

  it("takes over files that a table names, and says which are not there", async () => {
    const folder = await mkdtemp(join(tmpdir(), "gatehouse-old-"));
    const table = join(folder, "files.csv");
    await writeFile(table, 'path,collection,name\n"a,b.gif",wedding,\n');
    const { code, stderr } = await run("take-over", table, "--dry-run");
    assert.equal(code, 1);
    assert.match(stderr, /media\.takeOver\.directory/);
    await writeFile(table, "file,event\n");
    const { code: refused, stderr: why } = await run("take-over", table);
    assert.deepEqual([refused, /path,collection,name/.test(why)], [2, true]);
    await rm(folder, { recursive: true });
  });
});
