// A body is larger than it may be, says so or does not, or comes a byte at a time without an end. The disk would fill, and
// connections be held for as long as the sender likes.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import type { LiveVisitor } from "gatehouse/testing";
import { MOST_BYTES, openAlbums, png, RawUpload } from "../support/album.ts";

const MAIN = { componentId: "album:main", seed: undefined, version: 0 };

const HURRIED = { least: 2_000, interval: 300, longest: 3_000 };
/** A week. */
const NEVER = 604_800_000;

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
    await albums.settle(1);
    assert.deepEqual(await upload.answer(() => albums.kit.clock.advance(50)), [408, "REQUEST_TIMEOUT"]);
    await albums.settle(0);
    upload.socket.destroy();
  });

  it("is given up when it goes on a byte at a time", async () => {
    await using albums = await openAlbums({ pace: { ...HURRIED, longest: NEVER } });
    const { clock } = albums.kit;
    const upload = new RawUpload(albums, await albums.kit.visit(), 100_000);
    upload.socket.write(png(50_000));
    await albums.settle(1);
    const drip = async (): Promise<void> => {
      upload.socket.write("x");
      // Time counts once the server has stored that, and waits for more.
      await pause(5);
      await clock.advance(50);
    };
    assert.deepEqual(await upload.answer(drip), [408, "REQUEST_TIMEOUT"]);
    await albums.settle(0);
    upload.socket.destroy();
  });

  it("is given up when it is just fast enough and has no end", async () => {
    await using albums = await openAlbums({ pace: { ...HURRIED, interval: NEVER } });
    const { clock } = albums.kit;
    const upload = new RawUpload(albums, await albums.kit.visit(), "chunked");
    const began = clock.now();
    upload.socket.write(chunked(png(3000)));
    const drip = (): Promise<void> => {
      upload.socket.write(chunked(Buffer.alloc(1000)));
      return clock.advance(20);
    };
    assert.deepEqual(await upload.answer(drip), [408, "REQUEST_TIMEOUT"]);
    assert.ok(clock.now() - began >= HURRIED.longest);
    await albums.settle(0);
    upload.socket.destroy();
  });
});

describe("an upload in a server whose requests are bounded in time", () => {
  const limits = { requestTimeout: 300 };

  it("has the time it needs, alone or with a form", async () => {
    await using albums = await openAlbums({ limits });
    const visitor = await albums.kit.visit();
    const alone = new RawUpload(albums, visitor, 40_000);
    alone.socket.write(png(1_000));
    await albums.settle(1);
    await pause(4 * limits.requestTimeout);
    alone.socket.write(Buffer.alloc(39_000));
    assert.equal((await alone.answer())[0], 200);
    alone.socket.destroy();
    const form = new RawUpload(albums, visitor, "chunked", "x");
    form.socket.write(chunked(formBefore(visitor)));
    await albums.settle(2);
    await pause(4 * limits.requestTimeout);
    form.socket.write(Buffer.concat([chunked(Buffer.from("\r\n--x--\r\n")), Buffer.from("0\r\n\r\n")]));
    assert.equal((await form.answer())[0], 303);
    form.socket.destroy();
  });

  it("has no more time than others where nobody has admitted it", async () => {
    await using albums = await openAlbums({ limits, pace: { least: 1, interval: NEVER, longest: NEVER } });
    const visitor = await albums.kit.visit();
    const text = part("_component_id", "album:main");
    for (const fields of [text, formBefore(visitor, "forged")]) {
      const upload = new RawUpload(albums, visitor, "chunked", "x");
      upload.socket.write(chunked(fields));
      const drip = (): Promise<void> => {
        upload.socket.write(chunked(Buffer.from("x")));
        return pause(50);
      };
      assert.deepEqual(await upload.answer(drip), [408, "REQUEST_TIMEOUT"]);
      assert.deepEqual(await albums.files(), []);
      upload.socket.destroy();
    }
  });
});

function part(name: string, value: string): Buffer {
  return Buffer.from(`--x\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`);
}

/** A form of the album as far as the first bytes of its file. */
function formBefore(visitor: LiveVisitor, ticket: string = visitor.ticket(MAIN, "photo")): Buffer {
  return Buffer.concat([
    part("_component_id", "album:main"),
    part("_action", "add"),
    part("_csrf_token", visitor.csrfToken),
    part("_ticket_photo", ticket),
    Buffer.from('--x\r\nContent-Disposition: form-data; name="photo"; filename="a.png"\r\n\r\n'),
    png(1000),
  ]);
}

describe("an upload in pieces of one byte", () => {
  const shreds = (bytes: Buffer): Buffer => Buffer.concat([...bytes].map((byte) => chunked(Buffer.of(byte))));

  it("is written as few times as any other of its size", async () => {
    await using albums = await openAlbums();
    const { sink } = albums.kit.uploads;
    const { begin } = sink;
    let writes = 0;
    Object.assign(sink, {
      async begin(id: string) {
        const writer = await begin(id);
        const write: typeof writer.write = (bytes) => ((writes += 1), writer.write(bytes));
        return { write, finish: () => writer.finish(), abort: () => writer.abort() };
      },
    });
    const upload = new RawUpload(albums, await albums.kit.visit(), "chunked");
    const content = png(150_000);
    const cut = 149_000;
    upload.socket.write(Buffer.concat([chunked(content.subarray(0, cut)), shreds(content.subarray(cut))]));
    upload.socket.write("0\r\n\r\n");
    assert.equal((await upload.answer())[0], 200);
    assert.ok(writes <= 5, `${writes} writes`);
    upload.socket.destroy();
  });

  it("is given up long before its end, and leaves nothing behind", async () => {
    await using albums = await openAlbums();
    const upload = new RawUpload(albums, await albums.kit.visit(), "chunked");
    upload.socket.write(shreds(png(100_000)));
    assert.deepEqual(await upload.answer(), [400, "MALFORMED_REQUEST"]);
    await upload.closed;
    await albums.settle(0);
  });
});
