import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { systemRandom } from "../../kernel/random.ts";
import { coreMigrations } from "../../store/migrations/core-migrations.ts";
import { openSqliteStore } from "../../store/sqlite/sqlite-store.ts";
import { createFakeClock } from "../../testing/fake-clock.ts";
import { createTemporaryDirectory } from "../../testing/sqlite-fixture.ts";
import { openFolder, StorageKit } from "../../testing/storage-kit.ts";
import { putFile, readFile } from "../../testing/storage-target-contract.ts";
import { skipWithoutSwift, startSwift, type SwiftService } from "../../testing/swift.ts";
import { openS3Target } from "./adapters/s3-target.ts";
import { HEALTH_QUEUE } from "./repeated-job.ts";
import { TRANSFER_QUEUE } from "./transfers.ts";

const HOUR = 3_600_000;
const MEBIBYTE = 1_048_576;

describe("an archive in a bucket", { skip: skipWithoutSwift() }, () => {
  let swift: SwiftService | undefined;
  before(async () => {
    swift = await startSwift();
    const { endpoint, region, credentials } = swift;
    const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
    await client.send(new CreateBucketCommand({ Bucket: "photos" }));
    client.destroy();
  });
  after(() => swift?.[Symbol.asyncDispose]());
  const running = (): SwiftService => swift ?? assert.fail();

  it("takes files over and gives them back", async () => {
    await using place = await createPlace(running(), "whole/");
    const { kit, clock } = place;
    const content = Buffer.from("a video of a dance ".repeat(500_000));
    await putFile(kit.target, "t/a/view", content);
    await kit.settle();
    clock.correct(clock.now() + HOUR);
    await kit.settle();
    assert.equal(await kit.state("t/a/view"), "archived");
    assert.equal(await place.hot.head("t/a/view"), undefined);
    assert.equal(await readFile(kit.target, "t/a/view"), content.toString());
  });

  it("loses nothing where the service hangs or ends in the middle of a transfer", async () => {
    for (const fault of ["hangs", "ends"] as const) {
      await using place = await createPlace(running(), `${fault}/`);
      const { kit, hot, archive } = place;
      const content = Buffer.from(systemRandom.bytes(24 * MEBIBYTE));
      await putFile(kit.target, "t/a/view", content);
      await kit.begin("PlanTransfers", HEALTH_QUEUE);
      for (const job of await kit.claim(HEALTH_QUEUE)) await kit.work(job);
      const [job] = await kit.claim(TRANSFER_QUEUE);
      const working = kit.work(job ?? assert.fail());
      await partsArrive(running());
      if (fault === "hangs") await running().process.pause();
      else await running().process.stop("crash");
      await working;
      if (fault === "hangs") await running().process.resume();
      else await running().process.start();
      assert.equal(await kit.state("t/a/view"), "hot");
      assert.equal((await hot.head("t/a/view"))?.bytes, content.length);
      assert.equal(await archive.head("t/a/view"), undefined, "nobody sees a part of it");
      await kit.settle();
      assert.equal(await kit.state("t/a/view"), "copied");
      await archive.removeUnfinished(Number.MAX_SAFE_INTEGER);
      await kit.target.delete("t/a/view");
    }
  });

  it("finds flipped bits on the disks of the service, and deletes nothing from hot", async () => {
    await using place = await createPlace(running(), "rot/");
    const { kit, clock, hot } = place;
    const content = Buffer.from("a photo of a bouquet, which is in one piece on the disk ".repeat(50));
    await putFile(kit.target, "t/a/view", content);
    await kit.settle();
    assert.equal(flipOnDisk(running().disks, content), 1);
    clock.correct(clock.now() + HOUR);
    await kit.settle();
    assert.equal(await readFile(hot, "t/a/view"), content.toString());
    assert.ok(kit.eventNames().includes("storage_copy_damaged"));
    clock.correct(clock.now() + HOUR);
    await kit.settle();
    clock.correct(clock.now() + HOUR);
    await kit.settle();
    assert.equal(await kit.state("t/a/view"), "archived", "it was copied again");
    assert.equal(await readFile(kit.target, "t/a/view"), content.toString());
  });
});

async function createPlace({ endpoint, region, credentials }: SwiftService, prefix: string) {
  const folder = createTemporaryDirectory();
  const clock = createFakeClock();
  const store = await openSqliteStore({ memory: true, clock, migrations: coreMigrations });
  const hot = await openFolder("hot", join(folder.path, "hot"));
  const archive = await openS3Target({
    ...{ name: "archive", bucket: "photos", prefix, endpoint, region, credentials },
    ...{ patience: 1000, random: systemRandom },
  });
  const kit = new StorageKit({ store, clock, hot, archive, patience: 3000 });
  return {
    ...{ kit, clock, hot, archive },
    async [Symbol.asyncDispose]() {
      archive[Symbol.dispose]();
      await store[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}

function filesBelow(directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true, encoding: "utf8" })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
}

/** Waits until the first part of an upload lies on the disks. */
async function partsArrive({ disks }: SwiftService): Promise<void> {
  const count = (): number => filesBelow(disks).filter((path) => path.endsWith(".data")).length;
  const before = count();
  while (count() === before) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** Flips a bit of every object with this content; how many there were. */
function flipOnDisk(disks: string, content: Buffer): number {
  const paths = filesBelow(disks).filter((path) => path.endsWith(".data") && readFileSync(path).equals(content));
  for (const path of paths) {
    const damaged = Buffer.from(content);
    damaged.writeUInt8(damaged.readUInt8(100) ^ 1, 100);
    writeFileSync(path, damaged);
  }
  return paths.length;
}
