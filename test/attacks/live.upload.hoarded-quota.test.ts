// A stranger begins uploads of the largest size, sends a few bytes of each and then next to nothing. Where what is announced
// counts as if it were there, a few kilobytes keep everybody from uploading.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { MOST_BYTES, openAlbums, png, RawUpload } from "../support/album.ts";

const MAIN = { componentId: "album:main", seed: undefined, version: 0 };
const MiB = 1_048_576;

describe("uploads that are begun and not sent", () => {
  for (const length of [MOST_BYTES, "chunked"] as const)
    it(`keep nobody else from uploading (${length === "chunked" ? "of any size" : "of the largest size"})`, async () => {
      await using albums = await openAlbums({ quota: { files: 50, bytes: 2 * MOST_BYTES, total: 4 * MOST_BYTES } });
      const begun: RawUpload[] = [];
      for (let count = 0; count < 30; count += 1) {
        const upload = new RawUpload(albums, await albums.kit.visit(), length);
        const bytes = png(64);
        upload.socket.write(
          length === "chunked" ? Buffer.concat([Buffer.from("40\r\n"), bytes, Buffer.from("\r\n")]) : bytes,
        );
        begun.push(upload);
      }
      await albums.settle(begun.length);
      const { bytes } = await (await albums.kit.visit()).upload(MAIN, "photo", { content: png(500_000) });
      assert.equal(bytes, 500_000);
      for (const { socket } of begun) socket.destroy();
      await albums.settle(1);
      assert.deepEqual(albums.kit.errors, []);
    });
});

describe("uploads of one address that are sent and not ended", () => {
  it("have a share of the quota, and leave the rest to others", async () => {
    await using albums = await openAlbums({ quota: { files: 50, bytes: MOST_BYTES, total: 4 * MOST_BYTES } });
    const content = png(6 * MiB);
    const begun: RawUpload[] = [];
    const answers: unknown[] = [];
    for (let count = 0; count < 6; count += 1) {
      const upload = new RawUpload(albums, await albums.kit.visit(), MOST_BYTES);
      upload.socket.write(content);
      upload
        .answer(() => pause(20), 30_000)
        .then(
          (answer) => answers.push(answer),
          () => undefined,
        );
      begun.push(upload);
    }
    for (const end = performance.now() + 20_000; answers.length < 5 && performance.now() < end;) await pause(20);
    assert.deepEqual(answers, Array(5).fill([403, "UPLOAD_QUOTA_EXCEEDED"]));
    const other = await albums.kit.visit();
    await other.upload(MAIN, "photo", { content: png(500_000) });
    for (const { socket } of begun) socket.destroy();
    await albums.settle(1);
  });
});
