import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import sharp from "sharp";
import { systemClock } from "../../kernel/clock.ts";
import { MALWARE_MARKER, skipWithoutClamd, startClamd, type ClamdService } from "../../testing/clamd.ts";
import { MediaSite } from "../../testing/media-site.ts";
import { createTemporaryDirectory } from "../../testing/sqlite-fixture.ts";

const DAY = 86_400_000;
const WORKER = fileURLToPath(new URL("../../testing/media-worker.ts", import.meta.url));
const run = promisify(execFile);

/** Where the server dies: a call of a port, which one, and on which side of it. */
const POINTS = [
  "quarantine.open 1 before",
  "quarantine.open 2 after",
  "target.put 1 before",
  "target.put 1 after",
  "target.put 3 after",
  "jobs.complete 1 before",
  "jobs.complete 1 after",
  "jobs.complete 2 after",
  "quarantine.delete 1 before",
  "quarantine.delete 1 after",
  "target.delete 1 before",
  "target.delete 3 after",
] as const;

/*
 * The server is killed at every step that a file takes, and started again. Whatever the step, the same comes of it: the
 * photo is published once, the malware is nowhere, and nothing is left behind in quarantine, storage or work folders.
 */
describe("kill -9 in the pipeline of files", { skip: skipWithoutClamd() }, () => {
  let clamd: ClamdService;
  before(async () => {
    clamd = await startClamd({ signatures: { at: systemClock.now() - DAY, version: 100 } });
  });
  after(() => clamd?.[Symbol.asyncDispose]());

  for (const point of POINTS) {
    it(`at ${point}`, async () => {
      using folder = createTemporaryDirectory();
      const work = (...more: readonly string[]) =>
        run(process.execPath, [
          ...process.execArgv.filter((flag) => !flag.startsWith("--test")),
          WORKER,
          folder.path,
          clamd.address,
          ...more,
        ]);
      const photo = await sharp({ create: { width: 200, height: 100, channels: 3, background: "red" } })
        .jpeg()
        .toBuffer();
      const { good, bad } = await bring(folder.path, photo);
      await assert.rejects(work(...point.split(" ")), { signal: "SIGKILL" });
      await work();
      await verify(folder.path, { good, bad });
    });
  }
});

/** Brings two files to a server that does nothing with them yet. */
async function bring(directory: string, photo: Buffer): Promise<{ readonly good: string; readonly bad: string }> {
  await using site = await MediaSite.open({ directory, quiet: true });
  const good = await site.bring(photo);
  const bad = await site.bring(Buffer.from(MALWARE_MARKER));
  return { good, bad };
}

async function verify(
  directory: string,
  { good, bad }: { readonly good: string; readonly bad: string },
): Promise<void> {
  await using site = await MediaSite.open({ directory, quiet: true });
  assert.equal((await site.find(good)).state, "published");
  assert.equal((await site.find(bad)).state, "infected");
  const variants = [...(await site.variants(good)).values()].map(({ key }) => key);
  assert.equal(variants.length, 3);
  assert.deepEqual(await site.stored(), variants.toSorted());
  assert.deepEqual(readdirSync(join(directory, "media", "quarantine")), []);
  const work = join(directory, "media", "work");
  assert.deepEqual(existsSync(work) ? readdirSync(work) : [], []);
  assert.deepEqual(readdirSync(join(directory, "media", "hot", "incoming")), []);
}
