import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { StorageTarget } from "../../kernel/ports/storage-target.ts";
import { systemClock } from "../../kernel/clock.ts";
import { systemRandom } from "../../kernel/random.ts";
import { createTemporaryDirectory } from "../../testing/sqlite-fixture.ts";
import { describeStorageTargetContract } from "../../testing/storage-target-contract.ts";
import { openLocalTarget } from "./local-target.ts";
import { DamagedFileError } from "./storage-error.ts";

describeStorageTargetContract("local disk", async () => {
  const folder = createTemporaryDirectory();
  const target = await openIn(folder.path);
  return { target, [Symbol.asyncDispose]: async () => folder[Symbol.dispose]() };
});

describe("the local storage target", () => {
  it("gives back what was put, whole and in part", async () => {
    using folder = createTemporaryDirectory();
    const target = await openIn(folder.path);
    const content = Buffer.from("0123456789");
    await put(target, "tenant/asset/view", content);
    assert.deepEqual(await target.head("tenant/asset/view"), { bytes: 10, sha256: undefined });
    for (const [start, end, text] of [
      [0, 10, "0123456789"],
      [3, 5, "34"],
      [8, 99, "89"],
      [20, 30, ""],
      [4, 4, ""],
    ] as const) {
      const part = await target.get("tenant/asset/view", { start, end });
      assert.equal(part?.bytes, 10);
      assert.equal(await new Response(part.body).text(), text);
    }
    assert.equal(await new Response((await target.get("tenant/asset/view"))?.body).text(), "0123456789");
  });

  it("replaces a file at once, also under a reader", async () => {
    using folder = createTemporaryDirectory();
    const target = await openIn(folder.path);
    await put(target, "a/b", Buffer.alloc(1_000_000, "1"));
    const before = await target.get("a/b");
    await put(target, "a/b", Buffer.from("2"));
    assert.equal((await new Response(before?.body).text()).length, 1_000_000);
    assert.equal(await new Response((await target.get("a/b"))?.body).text(), "2");
  });

  it("keeps nothing of what is not what was announced", async () => {
    using folder = createTemporaryDirectory();
    const target = await openIn(folder.path);
    const file = { bytes: 3, sha256: digest(Buffer.from("abc")), type: "image/png" };
    const bodies = ["abd", "ab", "abcd", ""];
    for (const body of bodies) {
      await assert.rejects(target.put("a/b", { ...file, body: new Blob([body]).stream() }), DamagedFileError, body);
    }
    const broken = new ReadableStream<Uint8Array>({ pull: (controller) => controller.error(new RangeError("gone")) });
    await assert.rejects(target.put("a/b", { ...file, body: broken }), RangeError);
    await assert.rejects(
      target.put("a/b", { ...file, body: new Blob(["abc"]).stream(), signal: AbortSignal.abort() }),
      /aborted/,
    );
    assert.equal(await target.head("a/b"), undefined);
    assert.deepEqual(readdirSync(join(folder.path, "incoming")), []);
  });

  it("forgets what is deleted, with folders that are empty", async () => {
    using folder = createTemporaryDirectory();
    const target = await openIn(folder.path);
    await put(target, "t/one/view", Buffer.from("1"));
    await put(target, "t/two/view", Buffer.from("2"));
    await target.delete("t/one/view");
    await target.delete("t/one/view");
    assert.equal(await target.get("t/one/view"), undefined);
    assert.deepEqual(await target.list(""), ["t/two/view"]);
    assert.deepEqual(readdirSync(join(folder.path, "files", "t")), ["two"]);
  });

  it("puts into a folder that others empty at the same time", async () => {
    using folder = createTemporaryDirectory();
    const target = await openIn(folder.path);
    await Promise.all(
      Array.from({ length: 60 }, async (_, index) => {
        const key = `t/same/${index % 3}`;
        await put(target, key, Buffer.from(String(index)));
        await target.delete(key);
      }),
    );
    assert.deepEqual(await target.list(""), []);
  });

  it("lists keys in the order of their characters, a thousand at a time", async () => {
    using folder = createTemporaryDirectory();
    const target = await openIn(folder.path);
    const keys = ["a/b", "a-b/c", "a.b", "ab", "a/b.c", "a/a/a"];
    for (const key of keys) await put(target, key, Buffer.from(key));
    assert.deepEqual(await target.list(""), keys.toSorted());
    assert.deepEqual(await target.list("a/"), ["a/a/a", "a/b", "a/b.c"]);
    assert.deepEqual(await target.list("a/", "a/a/a"), ["a/b", "a/b.c"]);
    assert.deepEqual(await target.list("", "a.b"), keys.toSorted().slice(keys.toSorted().indexOf("a.b") + 1));
  });

  it("knows how much room there is", async () => {
    using folder = createTemporaryDirectory();
    const { total, free } = (await (await openIn(folder.path)).capacity()) ?? assert.fail();
    assert.ok(total > 0 && free > 0 && free <= total);
  });

  it("makes no folder before there is a file", async () => {
    using folder = createTemporaryDirectory();
    const target = await openIn(join(folder.path, "hot"));
    assert.deepEqual(await target.list(""), []);
    assert.equal(await target.capacity(), undefined);
    await target.delete("a/b");
    assert.deepEqual(readdirSync(folder.path), []);
  });

  it("refuses keys that would lead elsewhere", async () => {
    using folder = createTemporaryDirectory();
    const target = await openIn(folder.path);
    for (const key of [
      "",
      "/etc/passwd",
      "../x",
      "a/../b",
      "a/./b",
      "a//b",
      "a/",
      "A",
      "a\0b",
      "a\\b",
      "ä",
      "a".repeat(201),
    ]) {
      await assert.rejects(target.get(key), TypeError, key);
      await assert.rejects(put(target, key, Buffer.from("1")), TypeError, key);
      await assert.rejects(target.delete(key), TypeError, key);
    }
  });

  it("deletes what a server that was killed had half written, and nothing that is being written", async () => {
    using folder = createTemporaryDirectory();
    const incoming = join(folder.path, "incoming");
    mkdirSync(incoming);
    for (const name of ["old", "new"]) writeFileSync(join(incoming, name), "half");
    const yesterday = systemClock.now() / 1000 - 90_000;
    utimesSync(join(incoming, "old"), yesterday, yesterday);
    await openIn(folder.path);
    assert.deepEqual(readdirSync(incoming), ["new"]);
  });

  it("fails where the disk is gone, and keeps nothing", async () => {
    using folder = createTemporaryDirectory();
    const target = await openIn(join(folder.path, "file"));
    writeFileSync(join(folder.path, "file"), "no folder");
    await assert.rejects(put(target, "a/b", Buffer.from("1")));
    assert.equal(await target.head("a/b"), undefined);
    assert.deepEqual(await target.list(""), []);
  });
});

function openIn(directory: string): Promise<StorageTarget> {
  return openLocalTarget({ name: "hot", directory, random: systemRandom, clock: systemClock });
}

function digest(content: Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

async function put(target: StorageTarget, key: string, content: Uint8Array<ArrayBuffer>): Promise<void> {
  const body = new Blob([content]).stream();
  await target.put(key, { bytes: content.length, sha256: digest(content), type: "image/png", body });
}
