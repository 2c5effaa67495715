import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import {
  runCommand,
  startServer,
  type CommandResult,
  type ServerProcess,
} from "../../../../test/support/server-process.ts";

describe("gatehouse storage", () => {
  let archive = "";
  let server: ServerProcess | undefined;
  before(async () => {
    archive = await mkdtemp(join(tmpdir(), "gatehouse-archive-"));
    const environment = {
      GATEHOUSE_MEDIA_STORAGE_ARCHIVE_TARGET: "local",
      GATEHOUSE_MEDIA_STORAGE_ARCHIVE_DIRECTORY: archive,
    };
    server = await startServer({ environment });
  });
  after(async () => {
    await server?.[Symbol.asyncDispose]();
    await rm(archive, { recursive: true, force: true });
  });

  function run(...words: readonly string[]): Promise<CommandResult> {
    return runCommand(["--data", server?.data ?? assert.fail(), "storage", ...words]);
  }

  it("probes and lists the targets of a running server", async () => {
    const probed = await run("probe");
    assert.equal(probed.code, 0, probed.stderr);
    assert.match(probed.stdout, /^TARGET +STATE +FULL/);
    const listed = await run("list", "--json");
    const { targets, archives } = JSON.parse(listed.stdout) as {
      targets: { name: string; level: string }[];
      archives: boolean;
    };
    assert.deepEqual(
      targets.map(({ name }) => name),
      ["hot", "archive"],
    );
    assert.equal(archives, true);
    assert.match((await run("list")).stdout, /archived +0 +0/);
  });

  it("says what is missing and what does not exist", async () => {
    const unsaid = await run("archive", "wedding");
    assert.notEqual(unsaid.code, 0);
    assert.match(unsaid.stderr, /collection ID, or asset ID/);
    const unknown = await run("verify", "asset", "nothing");
    assert.equal(unknown.code, 1);
    assert.match(unknown.stderr, /There is no asset nothing\./);
    const running = await run("resume", "archive");
    assert.equal(running.code, 1);
    assert.match(running.stderr, /Transfers to archive are not stopped\./);
    assert.equal((await run("archive", "collection", "nothing")).stdout, "0 files are on their way to the archive.\n");
  });
});
