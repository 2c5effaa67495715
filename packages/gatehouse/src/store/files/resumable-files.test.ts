import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { ResumableFiles } from "../../kernel/ports/media-intake.ts";
import { openResumableFiles } from "./resumable-files.ts";

const ID = "0123456789abcdef0123456789abcdef";

async function withFiles(work: (files: ResumableFiles, directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "gatehouse-resumable-"));
  try {
    await work(openResumableFiles(join(directory, "quarantine")), join(directory, "quarantine"));
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** Appends all of some content in pieces of a size, and makes it durable. */
async function append(files: ResumableFiles, offset: number, content: Buffer, size = 65_536): Promise<number> {
  await using writer = (await files.append(ID, offset)) ?? assert.fail();
  for (let at = 0; at < content.length; at += size) await writer.write(content.subarray(at, at + size));
  return writer.flush();
}

describe("openResumableFiles", () => {
  it("writes a file on from where it was durable, and cuts off what lies behind", () =>
    withFiles(async (files, directory) => {
      const content = randomBytes(3_000_000);
      assert.equal(await append(files, 0, content.subarray(0, 2_000_000)), 2_000_000);
      await writeFile(join(directory, ID), Buffer.concat([content.subarray(0, 2_000_000), randomBytes(5000)]));
      assert.equal(await append(files, 2_000_000, content.subarray(2_000_000), 1000), 3_000_000);
      assert.ok((await readFile(files.path(ID))).equals(content));
      assert.equal((await stat(files.path(ID))).mode & 0o777, 0o600);
      assert.deepEqual(await files.list(), [ID]);
    }));

  it("takes more while it makes durable what it has", () =>
    withFiles(async (files) => {
      const content = randomBytes(6_000_000);
      await using writer = (await files.append(ID, 0)) ?? assert.fail();
      const flushed: Promise<number>[] = [];
      for (let at = 0; at < content.length; at += 60_000) {
        await writer.write(content.subarray(at, at + 60_000));
        if (at % 600_000 === 0) flushed.push(writer.flush());
      }
      assert.equal(await writer.flush(), content.length);
      assert.deepEqual(
        await Promise.all(flushed),
        Array.from({ length: 10 }, (_, index) => index * 600_000 + 60_000),
      );
      assert.ok((await readFile(files.path(ID))).equals(content));
    }));

  it("does not go on with a file that has lost something", () =>
    withFiles(async (files) => {
      await append(files, 0, randomBytes(1000));
      await truncate(files.path(ID), 999);
      assert.equal(await files.append(ID, 1000), undefined);
      assert.equal(await files.append(ID, 1000, { fenced: true }), undefined);
      await files.delete(ID);
      assert.equal(await files.append(ID, 1), undefined);
      assert.equal(await files.append(ID, 1, { fenced: true }), undefined);
    }));

  it("goes on apart from a writer that still has the file open", () =>
    withFiles(async (files, directory) => {
      const content = randomBytes(200_000);
      await append(files, 0, content.subarray(0, 100_000));
      await using late = (await files.append(ID, 100_000)) ?? assert.fail();
      await using writer = (await files.append(ID, 100_000, { fenced: true })) ?? assert.fail();
      await writer.write(content.subarray(100_000));
      await writer.flush();
      await late.write(randomBytes(100_000));
      await late.flush();
      assert.ok((await readFile(files.path(ID))).equals(content));
      assert.deepEqual(await readdir(directory), [ID]);
      await using first = (await files.append(ID, 0, { fenced: true })) ?? assert.fail();
      await first.flush();
      assert.equal((await stat(files.path(ID))).size, 0);
    }));

  it("reads a file, or a part of it", () =>
    withFiles(async (files) => {
      const content = randomBytes(100_000);
      await append(files, 0, content);
      const read = async (range?: { start: number; end: number }): Promise<Buffer> =>
        Buffer.from(await new Response(await files.open(ID, range)).arrayBuffer());
      assert.ok((await read()).equals(content));
      assert.ok((await read({ start: 10, end: 70_000 })).equals(content.subarray(10, 70_000)));
      assert.equal((await read({ start: 10, end: 10 })).length, 0);
      await files.delete(ID);
      assert.equal(await files.open(ID), undefined);
      assert.deepEqual(await files.list(), []);
    }));

  it("accepts no identifiers but its own", () =>
    withFiles(async (files) => {
      for (const id of ["", "../secret", `${ID}/..`, ID.toUpperCase(), `${ID}\0`]) {
        await assert.rejects(files.append(id, 0), TypeError);
        assert.throws(() => files.path(id), TypeError);
        assert.equal(await files.open(id), undefined);
      }
    }));

  it("says so when the disk is full, and keeps what was durable", { skip: process.platform !== "linux" }, () =>
    withFiles(async (files) => {
      await append(files, 0, randomBytes(1000));
      // The kernel's own full disk: whatever is written to it does not fit.
      const { symlink, unlink } = await import("node:fs/promises");
      await unlink(files.path(ID));
      await symlink("/dev/full", files.path(ID));
      await using writer = (await files.append(ID, 0)) ?? assert.fail();
      await writer.write(randomBytes(10));
      await assert.rejects(writer.flush(), { code: "ENOSPC" });
      await assert.rejects(writer.write(randomBytes(600_000)), { code: "ENOSPC" });
    }),
  );
});
