import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createTemporaryDirectory } from "../../testing/sqlite-fixture.ts";
import { openFolder } from "../../testing/storage-kit.ts";
import { digestOf, putFile, readFile } from "../../testing/storage-target-contract.ts";

const WORKER = fileURLToPath(new URL("../../testing/full-disk-worker.ts", import.meta.url));
/** Blocks of 512 bytes that one file may have. */
const MOST_BLOCKS = 200;

/**
 * The disk of a target fills up. A process is forbidden to write large files, which is what the kernel does to writes on
 * a full disk: a part of them succeeds, the rest fails.
 */
it("loses nothing and keeps no half files on a disk that is full", async () => {
  using folder = createTemporaryDirectory();
  const [hotFolder, archiveFolder] = [join(folder.path, "hot"), join(folder.path, "archive")];
  const hot = await openFolder("hot", hotFolder);
  const content = Buffer.alloc(400_000, "a large photo ");
  await putFile(hot, "t/large/view", content);
  const command = [
    process.execPath,
    "--conditions=gatehouse-source",
    WORKER,
    hotFolder,
    archiveFolder,
    digestOf(content),
  ];
  const { stdout } = await promisify(execFile)("/bin/sh", [
    "-c",
    `ulimit -f ${MOST_BLOCKS}; exec "$@"`,
    "sh",
    ...command,
  ]);
  const found: unknown = JSON.parse(stdout);
  const expected = { fault: "full", state: "hot", hot: ["t/large/view"], archive: [], recorded: false };
  assert.deepEqual(found, {
    ...expected,
    events: ["storage_transfer_failed"],
    reasons: ["Error: EFBIG: file too large, write"],
  });
  assert.equal(await readFile(hot, "t/large/view"), content.toString());
  for (const place of [hotFolder, archiveFolder]) assert.deepEqual(readdirSync(join(place, "incoming")), []);
});
