import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, describe, it } from "node:test";
import type { StorageTarget } from "../kernel/ports/storage-target.ts";
import { systemRandom } from "../kernel/random.ts";

/** A storage target of a contract's own. */
export interface StorageTargetFixture extends AsyncDisposable {
  readonly target: StorageTarget;
}

const MEBIBYTE = 1_048_576;
const MOST_LISTED = 1000;

/** What storage targets promise, whatever keeps the files. */
export function describeStorageTargetContract(
  name: string,
  create: () => Promise<StorageTargetFixture>,
  { skip = false }: { readonly skip?: string | false } = {},
): void {
  describe(`${name}: storage target`, { skip }, () => {
    let fixture: StorageTargetFixture | undefined;
    before(async () => (fixture = await create()));
    after(() => fixture?.[Symbol.asyncDispose]());
    const current = (): StorageTarget => fixture?.target ?? assert.fail("The target is not open.");
    describeReading(current);
    describeWriting(current);
    describeListing(current);
  });
}

function describeReading(current: () => StorageTarget): void {
  it("gives back what was put, whole and in part", async () => {
    const target = current();
    await putFile(target, "reading/whole", Buffer.from("0123456789"));
    for (const [start, end, text] of [
      [0, 10, "0123456789"],
      [3, 5, "34"],
      [8, 99, "89"],
      [10, 20, ""],
      [4, 4, ""],
    ] as const) {
      const part = await target.get("reading/whole", { start, end });
      assert.equal(part?.bytes, 10);
      assert.equal(await textOf(part.body), text, `${start}-${end}`);
    }
    assert.equal(await readFile(target, "reading/whole"), "0123456789");
    assert.equal((await target.head("reading/whole"))?.bytes, 10);
  });

  it("says of what is not there that it is not there", async () => {
    const target = current();
    assert.equal(await target.get("reading/nothing"), undefined);
    assert.equal(await target.get("reading/nothing", { start: 0, end: 5 }), undefined);
    assert.equal(await target.get("reading/nothing", { start: 5, end: 5 }), undefined);
    assert.equal(await target.head("reading/nothing"), undefined);
    await target.delete("reading/nothing");
  });

  it("keeps a file without content", async () => {
    const target = current();
    await putFile(target, "reading/empty", Buffer.alloc(0));
    assert.equal((await target.head("reading/empty"))?.bytes, 0);
    assert.equal(await readFile(target, "reading/empty"), "");
  });

  it("keeps large files whole, and gives parts of them", async () => {
    const target = current();
    const content = Buffer.from(systemRandom.bytes(21 * MEBIBYTE + 123));
    await putFile(target, "reading/large", content);
    const found = await target.get("reading/large");
    const hash = createHash("sha256");
    for await (const chunk of found?.body ?? []) hash.update(chunk);
    assert.equal(hash.digest("hex"), digestOf(content));
    const start = 8 * MEBIBYTE - 5;
    const part = await target.get("reading/large", { start, end: start + 10 });
    assert.equal(part?.bytes, content.length);
    assert.ok(Buffer.from(await new Response(part.body).arrayBuffer()).equals(content.subarray(start, start + 10)));
    await target.delete("reading/large");
  });
}

function describeWriting(current: () => StorageTarget): void {
  it("puts a file in the place of another", async () => {
    const target = current();
    await putFile(target, "writing/again", Buffer.from("first"));
    await putFile(target, "writing/again", Buffer.from("second, longer"));
    assert.equal(await readFile(target, "writing/again"), "second, longer");
  });

  it("keeps nothing of what is not what was announced, and what was there before", async () => {
    const target = current();
    await putFile(target, "writing/kept", Buffer.from("before"));
    const announced = { bytes: 3, sha256: digestOf(Buffer.from("abc")), type: "image/png" };
    for (const body of ["abd", "ab", "abcd", ""]) {
      for (const key of ["writing/kept", "writing/new"]) {
        const put = target.put(key, { ...announced, body: new Blob([body]).stream() });
        await assert.rejects(put, { name: "DamagedFileError" }, `${key}: ${body}`);
      }
    }
    assert.equal(await readFile(target, "writing/kept"), "before");
    assert.equal(await target.head("writing/new"), undefined);
  });

  it("keeps nothing of a large file that is damaged at its end", async () => {
    const target = current();
    const content = Buffer.from(systemRandom.bytes(17 * MEBIBYTE));
    const sha256 = digestOf(content);
    content.writeUInt8(content.readUInt8(content.length - 1) ^ 1, content.length - 1);
    const put = target.put("writing/damaged", { ...described(content), sha256, body: new Blob([content]).stream() });
    await assert.rejects(put, { name: "DamagedFileError" });
    assert.equal(await target.head("writing/damaged"), undefined);
    assert.equal(await target.removeUnfinished(Number.MAX_SAFE_INTEGER), 0);
  });

  it("keeps nothing of what breaks off or is given up", async () => {
    const target = current();
    const described3 = { bytes: 3, sha256: digestOf(Buffer.from("abc")), type: "image/png" };
    const broken = new ReadableStream<Uint8Array>({ pull: (controller) => controller.error(new RangeError("gone")) });
    await assert.rejects(target.put("writing/broken", { ...described3, body: broken }), RangeError);
    const signal = AbortSignal.abort(new RangeError("given up"));
    await assert.rejects(
      target.put("writing/broken", { ...described3, body: new Blob(["abc"]).stream(), signal }),
      RangeError,
    );
    assert.equal(await target.head("writing/broken"), undefined);
  });

  it("forgets what is deleted, twice over", async () => {
    const target = current();
    await putFile(target, "writing/gone", Buffer.from("1"));
    await target.delete("writing/gone");
    await target.delete("writing/gone");
    assert.equal(await target.get("writing/gone"), undefined);
  });

  it("refuses keys that would lead elsewhere", async () => {
    const target = current();
    const wrong = [
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
    ];
    for (const key of wrong) {
      await assert.rejects(target.get(key), TypeError, key);
      await assert.rejects(target.head(key), TypeError, key);
      await assert.rejects(putFile(target, key, Buffer.from("1")), TypeError, key);
      await assert.rejects(target.delete(key), TypeError, key);
    }
  });
}

function describeListing(current: () => StorageTarget): void {
  it("lists keys in the order of their characters, from where one likes", async () => {
    const target = current();
    const keys = ["list/a/b", "list/a-b/c", "list/a.b", "list/ab", "list/a/b.c", "list/a/a/a"];
    for (const key of keys) await putFile(target, key, Buffer.from(key));
    const sorted = keys.toSorted();
    assert.deepEqual(await target.list("list/"), sorted);
    assert.deepEqual(await target.list("list/a/"), ["list/a/a/a", "list/a/b", "list/a/b.c"]);
    assert.deepEqual(await target.list("list/a/", "list/a/a/a"), ["list/a/b", "list/a/b.c"]);
    assert.deepEqual(await target.list("list/", "list/a.b"), sorted.slice(sorted.indexOf("list/a.b") + 1));
  });

  it("lists at most a thousand keys at a time", async () => {
    const target = current();
    const keys = Array.from({ length: MOST_LISTED + 5 }, (_, index) => `many/${String(index).padStart(4, "0")}`);
    for (let at = 0; at < keys.length; at += 20) {
      await Promise.all(keys.slice(at, at + 20).map((key) => putFile(target, key, Buffer.from("1"))));
    }
    const first = await target.list("many/");
    assert.deepEqual(first, keys.slice(0, MOST_LISTED));
    assert.deepEqual(await target.list("many/", first.at(-1)), keys.slice(MOST_LISTED));
  });
}

/** Puts bytes at a target, as what they are. */
export function putFile(target: StorageTarget, key: string, content: Buffer<ArrayBuffer>): Promise<void> {
  return target.put(key, { ...described(content), body: new Blob([content]).stream() });
}

/** The text under a key; `undefined` where there is none. */
export async function readFile(target: StorageTarget, key: string): Promise<string | undefined> {
  const found = await target.get(key);
  return found === undefined ? undefined : textOf(found.body);
}

/** SHA-256 in hexadecimal digits. */
export function digestOf(content: Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

function described(content: Uint8Array): { readonly bytes: number; readonly sha256: string; readonly type: string } {
  return { bytes: content.length, sha256: digestOf(content), type: "image/png" };
}

function textOf(body: ReadableStream<Uint8Array>): Promise<string> {
  return new Response(body).text();
}
