import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { endingsOf, isUploadType, typeOf, TYPE_BYTES, type UploadType } from "./upload-type.ts";

/** How files of each type begin, as programs write them. */
const BEGINNINGS: Readonly<Record<UploadType, readonly string[]>> = {
  "image/png": ["\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x01\0"],
  "image/jpeg": ["\xff\xd8\xff\xe0\0\x10JFIF\0", "\xff\xd8\xff\xe1\x12\x34Exif\0\0", "\xff\xd8\xff\xdb\0\x43\0"],
  "image/gif": ["GIF87a\x01\0\x01\0", "GIF89a\x01\0\x01\0"],
  "image/webp": ["RIFF\x24\0\0\0WEBPVP8 ", "RIFF\x24\0\0\0WEBPVP8L", "RIFF\x24\0\0\0WEBPVP8X"],
  "image/avif": ["\0\0\0\x20ftypavif\0\0\0\0avifmif1", "\0\0\0\x20ftypavis\0\0\0\0"],
  "image/heic": ["\0\0\0\x18ftypheic\0\0\0\0mif1heic"],
  "video/mp4": ["\0\0\0\x20ftypisom\0\0\x02\0isomiso2", "\0\0\0\x18ftypmp42\0\0\0\0", "\0\0\0\x1cftypM4V \0\0\0\x01"],
  "video/quicktime": ["\0\0\0\x14ftypqt  \0\0\0\0qt  "],
  "video/webm": ["\x1a\x45\xdf\xa3\x9fB\x86\x81\x01B\xf7\x81\x01B\xf2\x81\x04B\xf3\x81\x08B\x82\x84webm"],
  "application/pdf": ["%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "%PDF-2.0\r\n"],
};
// The record names every type.
const TYPES = Object.keys(BEGINNINGS) as UploadType[];
const bytesOf = (text: string): Buffer => Buffer.from(text, "latin1");

describe("typeOf", () => {
  for (const type of TYPES) {
    it(`knows ${type} by how it begins, whatever follows`, () => {
      for (const beginning of BEGINNINGS[type]) {
        fc.assert(
          fc.property(fc.uint8Array({ maxLength: 100 }), (rest) => {
            assert.equal(typeOf(Buffer.concat([bytesOf(beginning), rest])), type);
          }),
        );
        assert.ok(bytesOf(beginning).length <= TYPE_BYTES);
      }
      assert.ok(isUploadType(type));
      assert.ok(endingsOf(type).length > 0);
    });
  }

  it("knows nothing behind anything else", () => {
    const beginning = fc.constantFrom(...TYPES.flatMap((type) => BEGINNINGS[type]));
    // What a browser might take for the beginning of a page, however little of it.
    const before = fc.constantFrom(" ", "\n", "<", "<html>", "\ufeff", "<!--", "a");
    fc.assert(
      fc.property(before, beginning, (text, rest) => {
        assert.equal(typeOf(Buffer.concat([Buffer.from(text), bytesOf(rest)])), undefined);
      }),
    );
  });

  it("knows no text by any type", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[<#!{/a-z][ -~\n]{0,80}$/), (text) =>
        assert.equal(typeOf(bytesOf(text)), undefined),
      ),
      { numRuns: 2_000 },
    );
  });

  it("looks at the beginning alone, and at a part of larger memory where it is one", () => {
    const memory = Buffer.concat([Buffer.alloc(7, 1), bytesOf(BEGINNINGS["image/gif"][0] ?? "")]);
    assert.equal(typeOf(memory), undefined);
    assert.equal(typeOf(memory.subarray(7)), "image/gif");
    const late = Buffer.concat([bytesOf("\x1a\x45\xdf\xa3"), Buffer.alloc(TYPE_BYTES), bytesOf("webm")]);
    assert.equal(typeOf(late), undefined);
  });
});

describe("isUploadType", () => {
  it("knows no type that can run, nor what objects inherit", () => {
    for (const type of ["image/svg+xml", "text/html", "text/plain", "application/octet-stream", "toString", ""])
      assert.equal(isUploadType(type), false);
  });
});
