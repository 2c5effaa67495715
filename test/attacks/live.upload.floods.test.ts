// A thousand uploads are begun at once, or one after the other without any action ever taking them. Every one that is
// received at the same time takes memory, a file and a connection; every one that waits takes the disk.
import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import type { UploadSink } from "gatehouse/kernel";
import { listen } from "gatehouse/http";
import { openLiveKit } from "gatehouse/testing";
import { album, openAlbums, png, RawUpload, refusal } from "../support/album.ts";

const MAIN = { componentId: "album:main", seed: undefined, version: 0 };
const ROOMY = { files: 10_000, bytes: 1e12, total: 1e13 };
const LENGTH = 200_000;
/** Files that one caller may send at once. */
const AT_ONCE = 6;

describe("a thousand uploads at once", () => {
  it("are received a few at a time, and the others told to come back", async () => {
    await using albums = await openAlbums({ quota: ROOMY });
    const visitor = await albums.kit.visit();
    const uploads = Array.from({ length: 1000 }, () => new RawUpload(albums, visitor, LENGTH));
    const answers: (readonly [number, string | undefined])[] = [];
    const pending = new Set(uploads);
    for (const upload of uploads) {
      upload.socket.write(png(LENGTH / 2));
      void upload
        .answer(() => pause(100), 300_000)
        .then((answer) => {
          answers.push(answer);
          pending.delete(upload);
          upload.socket.destroy();
        });
    }
    for (const end = performance.now() + 200_000; pending.size > AT_ONCE && performance.now() < end;) await pause(50);
    assert.equal(pending.size, AT_ONCE);
    assert.deepEqual(new Set(answers.map(String)), new Set(["429,TOO_MANY_CONCURRENT"]));
    assert.equal((await albums.files()).length, AT_ONCE);
    for (const upload of pending) upload.socket.write(Buffer.alloc(LENGTH / 2));
    for (const end = performance.now() + 60_000; pending.size > 0 && performance.now() < end;) await pause(20);
    assert.equal(answers.filter(([status]) => status === 200).length, AT_ONCE);
    assert.equal((await albums.files()).length, AT_ONCE);
    assert.deepEqual(albums.kit.errors, []);
  });

  it("are no more in memory than what a slow disk has not taken yet", async () => {
    const stuck = Promise.withResolvers<void>();
    const sink: UploadSink = {
      begin: () =>
        Promise.resolve({
          write: () => stuck.promise,
          finish: () => Promise.reject(new Error("stuck")),
          abort: async () => undefined,
        }),
      open: () => Promise.resolve(undefined),
      delete: () => Promise.resolve(),
      list: () => Promise.resolve([]),
    };
    await using kit = await openLiveKit({ components: [album], uploads: { sink } });
    await using listening = await listen({ handler: kit.handler, port: 0 });
    const accepted: Socket[] = [];
    listening.server.on("connection", (socket: Socket) => accepted.push(socket));
    const upload = new RawUpload({ listening }, await kit.visit(), 8_000_000);
    upload.socket.write(png(8_000_000));
    await pause(500);
    assert.ok((accepted[0]?.bytesRead ?? Infinity) < 262_144 + 65_536, `${accepted[0]?.bytesRead} bytes were read`);
    upload.socket.destroy();
    stuck.resolve();
  });
});

describe("uploads that no action takes", () => {
  it("are no more and no larger than one session may have waiting", async () => {
    await using albums = await openAlbums({ quota: { files: 3, bytes: 10_000, total: 1e9 } });
    const visitor = await albums.kit.visit();
    const all = Array.from({ length: 5 }, () => visitor.upload(MAIN, "photo", { content: png() }));
    const settled = await Promise.allSettled(all);
    assert.equal(settled.filter(({ status }) => status === "fulfilled").length, 3);
    const { code } = await refusal(visitor.upload(MAIN, "photo", { content: png() }));
    assert.equal(code, "UPLOAD_QUOTA_EXCEEDED");
    assert.equal((await albums.files()).length, 3);
    const stranger = await albums.kit.visit();
    assert.equal(
      (await refusal(stranger.upload(MAIN, "photo", { content: png(20_000) }))).code,
      "UPLOAD_QUOTA_EXCEEDED",
    );
    await stranger.upload(MAIN, "photo", { content: png() });
    const first = settled.find((each) => each.status === "fulfilled")?.value;
    await visitor.callAction(MAIN, "add", { photo: first?.id });
    await visitor.upload(MAIN, "photo", { content: png() });
  });

  it("are no larger than all sessions together may have waiting, however many sessions there are", async () => {
    await using albums = await openAlbums({ quota: { files: 3, bytes: 10_000, total: 1_000 } });
    const codes: string[] = [];
    for (let count = 0; count < 8; count += 1) {
      const visitor = await albums.kit.visit();
      codes.push(
        await visitor.upload(MAIN, "photo", { content: png() }).then(
          () => "",
          ({ code }) => String(code),
        ),
      );
    }
    assert.deepEqual(codes, ["", "", "", "", "", ...Array(3).fill("UPLOAD_QUOTA_EXCEEDED")]);
  });
});
