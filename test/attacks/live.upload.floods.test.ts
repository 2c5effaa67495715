// A thousand uploads are begun at once, or one after the other without any action ever taking them. Every one that is
// received at the same time takes memory, a file and a connection; every one that waits takes the disk.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { request as httpRequest, type IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { UploadSink } from "gatehouse/kernel";
import { html } from "gatehouse/html";
import { listen } from "gatehouse/http";
import { live, upload } from "gatehouse/live";
import { openUploadFiles } from "gatehouse/store";
import { openLiveKit, type LiveVisitor } from "gatehouse/testing";
import { z } from "zod";
import { album, openAlbums, png, RawUpload, refusal } from "../support/album.ts";

const MAIN = { componentId: "album:main", seed: undefined, version: 0 };
const ROOMY = { files: 10_000, bytes: 1e12, total: 1e13 };
const LENGTH = 200_000;
/** Files that strangers behind one address may send at once. */
const AT_ONCE = 48;

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

  it("of one stranger leave room for the others behind the same address", async () => {
    await using albums = await openAlbums({ quota: ROOMY });
    const visitor = await albums.kit.visit();
    const held = Array.from({ length: 12 }, () => new RawUpload(albums, visitor, LENGTH));
    for (const { socket } of held) socket.write(png(LENGTH / 2));
    await albums.settle(held.length);
    for (let count = 0; count < 12; count += 1)
      await (await albums.kit.visit()).upload(MAIN, "photo", { content: png() });
    for (const { socket } of held) socket.destroy();
    await albums.settle(12);
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

describe("a form with thousands of files", () => {
  const sendForm = async (
    visitor: LiveVisitor,
    { ticket, files, field = "photo" }: { ticket: string; files: number; field?: string },
  ): Promise<Response> => {
    const form = new FormData();
    const fields = { _component_id: "album:main", _action: "add", _csrf_token: visitor.csrfToken };
    for (const [name, value] of Object.entries({ ...fields, [`_ticket_${field}`]: ticket })) form.append(name, value);
    for (let count = 0; count < files; count += 1) form.append(field, new File(["x"], `${count}.png`));
    const headers = { accept: "text/html" };
    return visitor.request("/api/livecomponents/action", { method: "POST", body: form, headers });
  };

  it("has no more attempts than a form may have fields", async () => {
    await using albums = await openAlbums();
    const visitor = await albums.kit.visit();
    const answer = await sendForm(visitor, { ticket: visitor.ticket(MAIN, "photo"), files: 3000 });
    assert.equal(answer.status, 413);
    const refused = albums.kit.events.filter(({ name }) => name === "upload_type_refused");
    assert.ok(refused.length <= 200, `${refused.length} attempts`);
  });

  it("is not tried again for each file where it is not the file that is refused", async () => {
    await using albums = await openAlbums();
    const visitor = await albums.kit.visit();
    const forged = await sendForm(visitor, { ticket: "forged", files: 100 });
    assert.ok(forged.status >= 400);
    const count = (event: string): number => albums.kit.events.filter(({ name }) => name === event).length;
    assert.equal(count("upload_ticket_refused"), 1);
    const ticket = visitor.ticket(MAIN, "cover");
    const limited = await sendForm(visitor, { ticket, files: 100, field: "cover" });
    assert.ok(limited.status >= 400);
    assert.equal(count("upload_type_refused"), 60);
    assert.equal(
      albums.kit.events.filter(({ name, action }) => /excess|rate/.test(name) && /cover/.test(action)).length,
      1,
    );
    assert.deepEqual(albums.kit.errors, []);
  });
});

const MiB = 1_048_576;

/** A film of 256 MiB. */
async function* film256(): AsyncGenerator<Buffer> {
  yield Buffer.from("\0\0\0\x20ftypisom\0\0\x02\0isomiso2");
  const piece = Buffer.alloc(MiB, 7);
  for (let count = 0; count < 256; count += 1) yield piece;
}

describe("a file of hundreds of mebibytes", () => {
  it("is in memory a few pieces at a time, on its way in and out", async () => {
    const film = live("film", {
      state: z.object({}),
      mount: () => ({}),
      uploads: { film: upload({ accept: ["video/mp4"], maxBytes: 300 * MiB, authorise: "public" }) },
      actions: (action) => ({ add: action({ uploads: ["film"], authorise: "public" }, () => ({})) }),
      render: ({ act }) => html`<form ${act.add.form}>${act.add.fields}${act.add.upload("film", { label: "" })}</form>`,
    });
    const directory = await mkdtemp(join(tmpdir(), "gatehouse-films-"));
    const files = openUploadFiles(directory);
    let most = 0;
    let written = 0;
    const measured: UploadSink = {
      ...files,
      async begin(id) {
        const writer = await files.begin(id);
        return {
          finish: () => writer.finish(),
          abort: () => writer.abort(),
          async write(piece) {
            await writer.write(piece);
            written += piece.byteLength;
            if (written % (16 * MiB) < piece.byteLength) most = Math.max(most, heldBytes());
          },
        };
      },
    };
    try {
      const quota = { files: 10, bytes: 1e9, total: 1e9 };
      await using kit = await openLiveKit({ components: [film], uploads: { sink: measured, quota } });
      await using listening = await listen({ handler: kit.handler, port: 0 });
      const visitor = await kit.visit();
      const before = heldBytes();
      const request = httpRequest(`${listening.url}/api/livecomponents/upload?component_id=film%3Amain&field=film`, {
        method: "POST",
        headers: {
          host: "app.example",
          origin: "http://app.example",
          accept: "application/json",
          cookie: visitor.cookie,
          "x-csrf-token": visitor.csrfToken,
          "x-upload-ticket": visitor.ticket({ ...MAIN, componentId: "film:main" }, "film"),
        },
      });
      const answered = once(request, "response");
      await pipeline(film256, request);
      const [answer] = (await answered) as [IncomingMessage];
      assert.equal(answer.statusCode, 200, await text(answer));
      assert.ok(written > 256 * MiB);
      assert.ok(most - before < 16 * MiB, `${most - before} bytes were held`);
      const [id = ""] = await files.list();
      let read = 0;
      most = 0;
      for await (const next of (await files.open(id))?.body ?? []) {
        read += next.byteLength;
        if (read % (64 * MiB) < next.byteLength) most = Math.max(most, heldBytes());
      }
      assert.equal(read, written);
      assert.ok(most - before < 16 * MiB, `${most - before} bytes were held`);
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});

setFlagsFromString("--expose-gc");
// What the flag adds to new contexts.
const collect = runInNewContext("gc") as () => void;

/** Bytes of all buffers that something still holds. */
function heldBytes(): number {
  // What the first finds, the second takes off the account.
  collect();
  collect();
  return process.memoryUsage().arrayBuffers;
}
