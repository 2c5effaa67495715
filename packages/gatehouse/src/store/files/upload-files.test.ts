import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, readdir, readlink, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import type { UploadSink } from "../../kernel/ports/uploads.ts";
import { createMemoryUploads } from "../memory/memory-uploads.ts";
import { openUploadFiles } from "./upload-files.ts";

const ID = "0123456789abcdef0123456789abcdef";

async function contentOf(sink: UploadSink, id: string): Promise<Buffer | undefined> {
  const opened = await sink.open(id);
  return opened === undefined ? undefined : Buffer.from(await new Response(opened.body).arrayBuffer());
}

for (const [name, open] of [
  ["openUploadFiles", (directory: string) => openUploadFiles(directory)],
  ["createMemoryUploads", () => createMemoryUploads()],
] as const) {
  describe(name, () => {
    const withSink = async (work: (sink: UploadSink, directory: string) => Promise<void>): Promise<void> => {
      const directory = await mkdtemp(join(tmpdir(), "gatehouse-uploads-"));
      try {
        await work(open(directory), directory);
      } finally {
        await rm(directory, { recursive: true });
      }
    };

    it("stores a file in pieces, and knows its size and digest", () =>
      withSink(async (sink) => {
        const pieces = [randomBytes(100_000), Buffer.alloc(0), randomBytes(1)];
        const writer = await sink.begin(ID);
        for (const piece of pieces) await writer.write(piece);
        assert.equal(await sink.open(ID), undefined, "what is not whole cannot be opened");
        const content = Buffer.concat(pieces);
        const sha256 = createHash("sha256").update(content).digest("hex");
        assert.deepEqual(await writer.finish(), { bytes: 100_001, sha256 });
        await writer.abort();
        assert.deepEqual(await contentOf(sink, ID), content);
        assert.equal((await sink.open(ID))?.bytes, 100_001);
        assert.deepEqual(await sink.list(), [ID]);
        await sink.delete(ID);
        await sink.delete(ID);
        assert.equal(await sink.open(ID), undefined);
        assert.deepEqual(await sink.list(), []);
      }));

    it("keeps nothing of a file that is given up", () =>
      withSink(async (sink) => {
        const writer = await sink.begin(ID);
        await writer.write(randomBytes(10));
        assert.deepEqual(await sink.list(), [ID]);
        await writer.abort();
        await writer.abort();
        assert.deepEqual(await sink.list(), []);
      }));

    it("accepts no identifiers but its own", () =>
      withSink(async (sink) => {
        for (const id of ["", "../secret", `${ID}/..`, ID.toUpperCase(), `${ID}\0`])
          await assert.rejects(sink.begin(id), TypeError);
      }));

    it("has no file under an identifier of another form, whatever lies there", () =>
      withSink(async (sink, directory) => {
        await (await sink.begin(ID)).finish();
        if (name === "openUploadFiles") await writeFile(join(directory, "other"), "secret");
        for (const id of ["", "other", `../${ID}`, ID.toUpperCase(), `${ID}\0`, "x".repeat(10_000)])
          assert.equal(await sink.open(id), undefined);
      }));

    it("leaves files alone that are nobody's upload, and reads them to nobody", () =>
      withSink(async (sink, directory) => {
        await (await sink.begin(ID)).finish();
        if (name !== "openUploadFiles") return;
        assert.equal((await stat(join(directory, ID))).mode & 0o777, 0o600);
        assert.deepEqual(await readdir(directory), [ID]);
      }));
  });
}

describe("a stored file that is asked for", () => {
  it("is not open unless somebody reads it, nor after that", { skip: process.platform !== "linux" }, async () => {
    const directory = await mkdtemp(join(tmpdir(), "gatehouse-uploads-"));
    try {
      const sink = openUploadFiles(directory);
      const writer = await sink.begin(ID);
      await writer.write(randomBytes(500_000));
      await writer.finish();
      const openFiles = async (): Promise<number> => {
        const links = (await readdir("/proc/self/fd")).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => ""));
        return (await Promise.all(links)).filter((path) => path.startsWith(directory)).length;
      };
      // An answer to HEAD, or to somebody who has gone, is never read.
      const unread = await Promise.all(Array.from({ length: 20 }, () => sink.open(ID)));
      assert.equal(await openFiles(), 0);
      assert.equal(unread.length, 20);
      const reader = (await sink.open(ID))?.body.getReader();
      await reader?.read();
      assert.equal(await openFiles(), 1);
      await reader?.cancel();
      for (let tries = 0; tries < 500 && (await openFiles()) > 0; tries += 1) await pause(10);
      assert.equal(await openFiles(), 0);
      await (await sink.open(ID))?.body.cancel();
      const gone = await sink.open(ID);
      await sink.delete(ID);
      await assert.rejects(new Response(gone?.body).arrayBuffer(), { code: "ENOENT" });
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});
