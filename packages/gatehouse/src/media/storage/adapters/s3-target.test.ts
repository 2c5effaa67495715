import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import {
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { systemClock } from "../../../kernel/clock.ts";
import { systemRandom } from "../../../kernel/random.ts";
import { describeStorageTargetContract, putFile, readFile } from "../../../testing/storage-target-contract.ts";
import { skipWithoutSwift, startSwift, type SwiftService } from "../../../testing/swift.ts";
import { openS3Target, type S3TargetOptions } from "./s3-target.ts";

const skip = skipWithoutSwift();

describeStorageTargetContract(
  "S3 (Swift)",
  async () => {
    const swift = await startSwift();
    await makeBucket(swift, "photos");
    const target = await openS3Target(optionsOf(swift));
    return {
      target,
      async [Symbol.asyncDispose]() {
        target[Symbol.dispose]();
        await swift[Symbol.asyncDispose]();
      },
    };
  },
  { skip },
);

describe("the S3 storage target", { skip }, () => {
  let started: SwiftService | undefined;
  const swift = (): SwiftService => started ?? assert.fail();
  before(async () => {
    started = await startSwift();
    await makeBucket(started, "photos");
  });
  after(() => started?.[Symbol.asyncDispose]());

  it("finds out what the service can do", async () => {
    using target = await openS3Target(optionsOf(swift()));
    assert.deepEqual(target.capabilities, {
      trailingChecksums: false,
      verifiesChecksums: false,
      verifiesPayloadHash: true,
    });
    assert.deepEqual(await target.list(""), []);
  });

  it("keeps apart what lies under different prefixes, with the digest beside each file", async () => {
    using one = await openS3Target(optionsOf(swift(), { prefix: "one/" }));
    using two = await openS3Target(optionsOf(swift(), { prefix: "two/" }));
    await putFile(one, "a/b", Buffer.from("1"));
    await putFile(two, "a/b", Buffer.from("2"));
    assert.equal(await readFile(one, "a/b"), "1");
    assert.deepEqual(await two.list(""), ["a/b"]);
    assert.deepEqual(await one.head("a/b"), {
      bytes: 1,
      sha256: "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b",
    });
    await one.delete("a/b");
    assert.equal(await readFile(two, "a/b"), "2");
    await two.delete("a/b");
  });

  it("says what is wrong with credentials and buckets", async () => {
    const credentials = { ...swift().credentials, secretAccessKey: "wrong" };
    await assert.rejects(openS3Target(optionsOf(swift(), { credentials })), {
      name: "StorageTargetError",
      fault: "refused",
    });
    const missing = openS3Target(optionsOf(swift(), { bucket: "nowhere" }));
    await assert.rejects(missing, { name: "StorageTargetError", fault: "failed" });
  });

  it("gives up multipart uploads that nobody finishes, and no younger ones", async () => {
    using client = clientOf(swift());
    await client.send(new CreateMultipartUploadCommand({ Bucket: "photos", Key: "a/cut-off" }));
    using target = await openS3Target(optionsOf(swift()));
    assert.equal(await target.removeUnfinished(systemClock.now() - 3_600_000), 0);
    assert.equal(await target.removeUnfinished(systemClock.now() + 3_600_000), 1);
    const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: "photos" }));
    assert.deepEqual(Uploads, []);
  });

  it("fails within its patience where the service hangs, and works on when it is back", async () => {
    using target = await openS3Target(optionsOf(swift(), { patience: 300 }));
    await putFile(target, "a/before", Buffer.from("1"));
    await swift().process.pause();
    try {
      const unavailable = { name: "StorageTargetError", fault: "unavailable" };
      await assert.rejects(target.head("a/before"), unavailable);
      await assert.rejects(putFile(target, "a/hung", Buffer.from("1")), unavailable);
    } finally {
      await swift().process.resume();
    }
    assert.equal(await readFile(target, "a/before"), "1");
    await target.delete("a/before");
  });

  it("says that a service is down", async () => {
    using target = await openS3Target(optionsOf(swift()));
    await swift().process.stop("crash");
    try {
      await assert.rejects(target.head("a/b"), { name: "StorageTargetError", fault: "unavailable" });
    } finally {
      await swift().process.start();
    }
    assert.equal(await target.head("a/b"), undefined);
  });
});

function optionsOf(swift: SwiftService, more: Partial<S3TargetOptions> = {}): S3TargetOptions {
  const { endpoint, region, credentials } = swift;
  return { name: "archive", bucket: "photos", endpoint, region, credentials, random: systemRandom, ...more };
}

function clientOf({ endpoint, region, credentials }: SwiftService): S3Client & Disposable {
  const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
  return Object.assign(client, { [Symbol.dispose]: () => client.destroy() });
}

async function makeBucket(swift: SwiftService, Bucket: string): Promise<void> {
  using client = clientOf(swift);
  await client.send(new CreateBucketCommand({ Bucket }));
}
