// A body is larger than it may be, says so or does not, or comes a byte at a time without an end. The disk would fill, and
// connections be held for as long as the sender likes.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { MOST_BYTES, openAlbums, png, RawUpload } from "../support/album.ts";

const HURRIED = { least: 2_000, interval: 300, longest: 3_000 };

function chunked(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from("\r\n")]);
}

describe("an upload that is too large", () => {
  it("is refused by its length alone, before any of it is received", async () => {
    await using albums = await openAlbums();
    const upload = new RawUpload(albums, await albums.kit.visit(), 10 * MOST_BYTES);
    assert.deepEqual(await upload.answer(), [413, "UPLOAD_TOO_LARGE"]);
    upload.socket.destroy();
    assert.deepEqual(await albums.files(), []);
  });

  it("is given up as soon as it is, where it did not say so", async () => {
    await using albums = await openAlbums();
    const upload = new RawUpload(albums, await albums.kit.visit(), "chunked");
    upload.socket.write(chunked(png(1000)));
    const more = chunked(Buffer.alloc(65_536));
    let sent = 0;
    const flood = setInterval(() => {
      for (let count = 0; count < 16 && upload.socket.writable && upload.socket.writableLength < 1e6; count += 1) {
        upload.socket.write(more);
        sent += more.length;
      }
    }, 2);
    assert.deepEqual(await upload.answer(), [413, "UPLOAD_TOO_LARGE"]);
    await upload.closed;
    clearInterval(flood);
    assert.ok(sent < 2 * MOST_BYTES, `${sent} bytes were taken`);
    await albums.settle(0);
  });

  it("leaves what lies behind its announced end to be another request, which is none", async () => {
    await using albums = await openAlbums();
    const upload = new RawUpload(albums, await albums.kit.visit(), 500);
    upload.socket.write(Buffer.concat([png(500), png(100_000)]));
    // Which of the two is answered first is for chance to say; the connection ends with it.
    const [status] = await upload.answer();
    assert.ok(status === 200 || status === 400, `${status}`);
    await upload.closed;
    assert.ok((await albums.files()).length <= 1);
    assert.deepEqual(albums.kit.errors, []);
  });
});

describe("an upload that is too slow", () => {
  it("is given up when it stops before its announced end", async () => {
    await using albums = await openAlbums({ pace: HURRIED });
    const upload = new RawUpload(albums, await albums.kit.visit(), 100_000);
    upload.socket.write(png(50_000));
    assert.deepEqual(await upload.answer(), [408, "REQUEST_TIMEOUT"]);
    await albums.settle(0);
    upload.socket.destroy();
  });

  it("is given up when it goes on a byte at a time", async () => {
    await using albums = await openAlbums({ pace: HURRIED });
    const upload = new RawUpload(albums, await albums.kit.visit(), 100_000);
    upload.socket.write(png(50_000));
    const drip = setInterval(() => upload.socket.write("x"), 20);
    const began = performance.now();
    assert.deepEqual(await upload.answer(), [408, "REQUEST_TIMEOUT"]);
    clearInterval(drip);
    assert.ok(performance.now() - began < 2_500);
    await albums.settle(0);
    upload.socket.destroy();
  });

  it("is given up when it is just fast enough and has no end", async () => {
    await using albums = await openAlbums({ pace: HURRIED });
    const upload = new RawUpload(albums, await albums.kit.visit(), "chunked");
    upload.socket.write(chunked(png(3000)));
    const drip = setInterval(() => upload.socket.write(chunked(Buffer.alloc(1000))), 50);
    assert.deepEqual(await upload.answer(), [408, "REQUEST_TIMEOUT"]);
    clearInterval(drip);
    await albums.settle(0);
    upload.socket.destroy();
  });

  it("has the time it needs, more than other requests have", async () => {
    await using albums = await openAlbums({ pace: { ...HURRIED, longest: 60_000 } });
    const upload = new RawUpload(albums, await albums.kit.visit(), 40_000);
    upload.socket.write(png(1_000));
    for (let sent = 1_000; sent < 40_000; sent += 3_000) {
      await pause(250);
      upload.socket.write(Buffer.alloc(3_000));
    }
    assert.deepEqual(await upload.answer(), [200, undefined]);
    upload.socket.destroy();
  });
});
