// Somebody takes all there is: begins more uploads than a grant allows by beginning them at the same moment, holds
// connections with content that never comes, or fills the disk. Everybody else at the same venue pays for it, unless
// limits hold exactly and for whoever exceeds them alone.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { openCollections, send, until } from "../support/collections.ts";
import { draftBegin } from "../support/resumable-client.ts";
import { idIn, tusBegin, tusDelete, tusHead, tusPatch } from "../support/tus.ts";

describe("a quota", () => {
  it("is exact when 32 uploads begin at the same moment", async () => {
    await using server = await openCollections();
    server.grants.set("fair", { quota: { files: 7, bytes: 1e9 } });
    const begun = await Promise.all(Array.from({ length: 32 }, () => tusBegin(server.url, 100)));
    assert.equal(begun.filter(({ status }) => status === 201).length, 7);
    assert.ok(begun.every(({ status }) => status === 201 || status === 403));
    server.grants.set("fairground", { quota: { files: 100, bytes: 1000 } });
    const sized = await Promise.all(
      Array.from({ length: 32 }, () => tusBegin(server.url, 100, { collection: "fairground" })),
    );
    assert.equal(sized.filter(({ status }) => status === 201).length, 10);
  });

  it("counts what comes where nobody said how much that will be", async () => {
    await using server = await openCollections();
    server.grants.set("fair", { quota: { files: 100, bytes: 1_000_000 } });
    const bring = async (): Promise<{ readonly status: number; readonly offset: number }> => {
      const { path } = await tusBegin(server.url, undefined);
      const { status } = await tusPatch(server.url, path, {
        ...{ offset: 0, headers: { "transfer-encoding": "chunked" } },
        body: (request) => void request.end(randomBytes(400_000)),
      });
      return { status, offset: Number((await tusHead(server.url, path)).headers["upload-offset"]) };
    };
    const brought = await Promise.all([bring(), bring(), bring(), bring()]);
    assert.ok(brought.some(({ status }) => status === 403));
    assert.ok(brought.reduce((sum, { offset }) => sum + offset, 0) <= 1_000_000);
    server.grants.set("fairground", { quota: { files: 100, bytes: 400_000 } });
    const { path } = await tusBegin(server.url, undefined, { collection: "fairground" });
    const last = await tusPatch(server.url, path, {
      offset: 0,
      body: randomBytes(400_000),
      headers: { "upload-length": "400000" },
    });
    assert.equal(last.status, 204, "the last byte of a quota can be used");
  });

  // Attack: one guest announces huge files, as many as the quota has room for, and sends nothing of them. All other
  // guests of the invitation are told for a day that there is no room.
  it("is not taken up by what one guest announces and never sends", async () => {
    await using server = await openCollections();
    const quota = { files: 1000, bytes: 50 * 2 ** 30 };
    server.grants.set("fair", { quota });
    const announce = (length: number) => tusBegin(server.url, length, { guest: "mallory" });
    const begun = [];
    for (let count = 0; count < 25; count += 1) begun.push(await announce(2 * 2 ** 30));
    assert.ok(begun.every(({ status }) => status === 201));
    const late = await tusBegin(server.url, undefined, { guest: "mallory" });
    const announced = { guest: "mallory", headers: { "upload-length": String(2 * 2 ** 30) } };
    assert.equal((await tusPatch(server.url, late.path, { offset: 0, body: "", ...announced })).status, 204);
    const photo = await tusBegin(server.url, 5_000_000, { guest: "ben" });
    assert.equal(photo.status, 201);
    const sent = { offset: 0, body: randomBytes(5_000_000), guest: "ben" };
    assert.equal((await tusPatch(server.url, photo.path, sent)).status, 204);
    server.grants.set("fairground", { quota: { files: 10, bytes: 2 ** 30 } });
    const never = await tusBegin(server.url, 2 * 2 ** 30, { guest: "ben", collection: "fairground" });
    assert.equal(never.status, 403, "what can never fit is refused before it is sent");
  });

  // Attack: one of five hundred guests fills the invitation of an event, with files that are real and whole. Nobody else
  // can add a photo any more.
  it("is used up by one guest only as far as a guest's share goes", async () => {
    await using server = await openCollections();
    server.grants.set("fair", { quota: { files: 100, bytes: 1e9 }, share: { files: 10, bytes: 1_000_000 } });
    const begun = await Promise.all(Array.from({ length: 32 }, () => tusBegin(server.url, 10, { guest: "mallory" })));
    assert.equal(begun.filter(({ status }) => status === 201).length, 10);
    const refused = begun.find(({ status }) => status !== 201);
    assert.ok(refused?.status === 403);
    assert.equal((refused.json as { code: string }).code, "UPLOADS_SHARE_EXHAUSTED");
    assert.equal((await tusBegin(server.url, 2_000_000, { guest: "ben" })).status, 403, "what can never fit");
    assert.equal((await tusBegin(server.url, 900_000, { guest: "ben" })).status, 201);
    const { path } = await tusBegin(server.url, undefined, { guest: "ben" });
    const sent = await tusPatch(server.url, path, {
      ...{ offset: 0, guest: "ben", headers: { "transfer-encoding": "chunked" } },
      body: (request) => void request.end(randomBytes(400_000)),
    });
    assert.equal(
      (sent.json as { code: string }).code,
      "UPLOADS_SHARE_EXHAUSTED",
      "what comes where nobody said how much",
    );
    assert.equal((await tusBegin(server.url, 10, { guest: "ida" })).status, 201);
  });

  it("gets back what an upload held that was given up", async () => {
    await using server = await openCollections();
    server.grants.set("fair", { quota: { files: 1, bytes: 100 } });
    const { path } = await tusBegin(server.url, 100);
    assert.equal((await tusBegin(server.url, 1)).status, 403);
    await tusDelete(server.url, path);
    assert.equal((await tusBegin(server.url, 100)).status, 201);
  });
});

describe("uploads that are begun and never finished", () => {
  it("are only so many of one guest, and leave room to all others", async () => {
    const uploads = { openPerOwner: 3 };
    await using server = await openCollections({ settings: { media: { uploads } } });
    for (let count = 0; count < 3; count += 1) assert.equal((await tusBegin(server.url, 10)).status, 201);
    const refused = await tusBegin(server.url, 10);
    assert.deepEqual([refused.status, refused.headers["retry-after"]], [429, "60"]);
    assert.equal((await tusBegin(server.url, 10, { guest: "ben" })).status, 201);
  });

  it("end with their time, and nothing is left of them", async () => {
    await using server = await openCollections({ settings: { media: { uploads: { lifetime: "1m" } } } });
    const { path } = await tusBegin(server.url, 10);
    await tusPatch(server.url, path, { offset: 0, body: "hello" });
    const { store } = server.gatehouse.services;
    const late = "UPDATE media_uploads SET expires_at = 1";
    await store.write((writing) => writing.execute({ sqlite: late, postgres: late }, []));
    assert.equal((await tusPatch(server.url, path, { offset: 5, body: "world" })).status, 410);
    assert.equal((await server.received()).length, 0);
  });
});

describe("content that never comes", () => {
  it("ends the request, and the upload can be gone on with (Slowloris)", { timeout: 90_000 }, async () => {
    const uploads = { minimumRate: 100_000 };
    await using server = await openCollections({ settings: { media: { uploads } } });
    const { path } = await tusBegin(server.url, 100_000);
    const began = performance.now();
    const slow = tusPatch(server.url, path, {
      ...{ offset: 0, headers: { "content-length": "100000" } },
      body: (request) => {
        request.write(randomBytes(1000));
        const drip = setInterval(() => request.write("x"), 500);
        request.once("close", () => clearInterval(drip));
      },
    });
    const answer = await slow.catch(() => undefined);
    assert.ok(answer === undefined || answer.status === 408);
    assert.ok(performance.now() - began < 60_000);
    const offset = Number((await tusHead(server.url, path)).headers["upload-offset"]);
    assert.ok(offset >= 1000, "what came is kept");
    assert.equal((await tusPatch(server.url, path, { offset, body: Buffer.alloc(100_000 - offset) })).status, 204);
  });

  it("takes the places of others only so far", async () => {
    await using server = await openCollections({ settings: { media: { uploads: { atOnce: 2 } } } });
    const held = await Promise.all(
      [0, 1].map(async () => {
        const { path } = await tusBegin(server.url, 10);
        const { promise, resolve } = Promise.withResolvers<() => void>();
        const answer = tusPatch(server.url, path, {
          ...{ offset: 0, headers: { "content-length": "10" } },
          body: async (request) => {
            request.write("hello");
            await until(async () => (await server.files()).includes(idIn(path)));
            resolve(() => request.end("world"));
          },
        });
        return { end: await promise, answer };
      }),
    );
    const busy = await draftBegin(server.url, { complete: true, body: "hello" });
    assert.deepEqual([busy.status, busy.headers["retry-after"]], [503, "2"]);
    for (const { end } of held) end();
    for (const { answer } of held) assert.equal((await answer).status, 204);
    const path = busy.headers.location ?? busy.interim[0]?.headers["location"] ?? "";
    assert.equal((await send(server.url, path, { method: "HEAD" })).headers["upload-offset"], "0");
  });
});

describe("200 guests behind one address", () => {
  it("upload at once without a refusal, in little memory", { timeout: 120_000 }, async () => {
    await using server = await openCollections();
    const content = randomBytes(1_000_000);
    globalThis.gc?.();
    const statuses = await Promise.all(
      Array.from({ length: 200 }, async (_, index) => {
        const guest = `guest-${index}`;
        const begun = await tusBegin(server.url, content.length, { guest });
        const answer = await tusPatch(server.url, begun.path, { offset: 0, body: content, guest });
        return `${begun.status} ${answer.status}`;
      }),
    );
    assert.deepEqual(new Set(statuses), new Set(["201 204"]));
    assert.equal((await server.received()).length, 200);
  });
});

const canMount =
  process.platform === "linux" && spawnSync("mountpoint", ["-q", "/"]).status === 0 && process.getuid?.() === 0;

describe("a disk that is full", { skip: !canMount }, () => {
  it("is said so, and nothing that was acknowledged is lost", async () => {
    const data = await mkdtemp(join(tmpdir(), "gatehouse-full-"));
    const quarantine = join(data, "media", "quarantine");
    await mkdir(quarantine, { recursive: true });
    const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=4m", "tmpfs", quarantine]);
    try {
      assert.equal(mounted.status, 0, String(mounted.stderr));
      await using server = await openCollections({ directory: data });
      const content = randomBytes(6_000_000);
      const { path } = await tusBegin(server.url, content.length);
      assert.equal((await tusPatch(server.url, path, { offset: 0, body: content.subarray(0, 3_000_000) })).status, 204);
      const full = await tusPatch(server.url, path, { offset: 3_000_000, body: content.subarray(3_000_000) });
      assert.deepEqual([full.status, full.headers["retry-after"]], [507, "60"]);
      assert.equal((full.json as { code: string }).code, "UPLOAD_STORAGE_FULL");
      const offset = Number((await tusHead(server.url, path)).headers["upload-offset"]);
      assert.equal(offset, 3_000_000);
      spawnSync("mount", ["-o", "remount,size=16m", quarantine]);
      assert.equal((await tusPatch(server.url, path, { offset, body: content.subarray(offset) })).status, 204);
      assert.ok((await server.content(idIn(path))).equals(content));
      assert.deepEqual(server.errors, []);
    } finally {
      spawnSync("umount", [quarantine]);
      await rm(data, { recursive: true, force: true });
    }
  });
});
