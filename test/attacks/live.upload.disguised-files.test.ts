// A page or a drawing with a script in it is uploaded as a photo: the name ends in `.png` and the request says
// `image/png`. Served from the application's own origin it would run there, as whoever looks at the photo.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openAlbums, png, refusal } from "../support/album.ts";

const MAIN = { componentId: "album:main", seed: undefined, version: 0 };

const DISGUISED: Readonly<Record<string, string | Buffer>> = {
  "a page": "<!doctype html><script>alert(document.cookie)</script>",
  "a page behind spaces": `${" ".repeat(2000)}<html><script>alert(1)</script></html>`,
  "a drawing": '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
  "a drawing behind a declaration": '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script/></svg>',
  "a script": "#!/bin/sh\nrm -rf /\n",
  "a program": Buffer.from("7f454c46020101000000000000000000", "hex"),
  "a document": "%PDF-1.7\n",
  "another kind of picture": "GIF89a<script>alert(1)</script>",
  "the mark of a PNG with a page behind it": Buffer.from("\x89PNG\r\n\x1a\n<html><script>alert(1)</script>", "latin1"),
  "a mark that is cut off": Buffer.from("\x89PNG", "latin1"),
  "the mark in the middle": Buffer.concat([Buffer.from("<html>"), png()]),
  "the mark of a JPEG alone": Buffer.from([0xff, 0xd8, 0xff]),
  nothing: "",
};

describe("a file that is not what it says it is", () => {
  for (const [what, content] of Object.entries(DISGUISED)) {
    it(`is refused where it is ${what}`, async () => {
      await using albums = await openAlbums();
      const visitor = await albums.kit.visit();
      const file = { content: Buffer.from(content), name: "photo.png" };
      const { code, status } = await refusal(visitor.upload(MAIN, "photo", file));
      assert.deepEqual([code, status], ["UPLOAD_TYPE_REFUSED", 415]);
      assert.deepEqual(await albums.files(), []);
      assert.deepEqual(
        albums.kit.events.map(({ name }) => name),
        ["upload_type_refused"],
      );
    });
  }

  it("is known by its content where that is accepted, whatever it was called", async () => {
    await using albums = await openAlbums();
    const visitor = await albums.kit.visit();
    const { type, name } = await visitor.upload(MAIN, "photo", { content: png(), name: "page.html" });
    assert.deepEqual([type, name], ["image/png", "page.html.png"]);
  });
});
