import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { refusedName, safeName } from "./upload-name.ts";
import { endingsOf, type UploadType } from "./upload-type.ts";

const type = fc.constantFrom<UploadType>("image/png", "image/jpeg", "video/mp4", "application/pdf");
/** Names with much of what systems, logs and people can be misled by. */
const wild = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        "/",
        "\\",
        "..",
        ".",
        " ",
        "\0",
        "\r\n",
        "\u202e",
        "\u200b",
        "con",
        "CON.",
        ".png",
        ".jpeg",
        ".PDF",
      ),
      fc.constantFrom("<", ">", ":", '"', "|", "?", "*", "%00", "~", "-", "\ud800", "e\u0301", "\u{1f600}", "日本"),
      fc.string({ unit: "binary", maxLength: 5 }),
    ),
    { maxLength: 60 },
  )
  .map((pieces) => pieces.join(""));

describe("safeName", () => {
  it("makes a name of anything that is no path, has nothing invisible in it, and an ending of its type", () => {
    fc.assert(
      fc.property(wild, type, (given, found) => {
        const name = safeName(given, found);
        const [, stem = "", ending = ""] = /^(.+)\.([a-z0-9]+)$/su.exec(name) ?? [];
        assert.ok(endingsOf(found).includes(ending), name);
        assert.ok([...stem].length <= 101 && stem.trim() === stem, name);
        assert.ok(name.isWellFormed());
        assert.doesNotMatch(name, /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Zl}\p{Zp}<>:"/\\|?*]/u);
        assert.doesNotMatch(name, /^[\s.]|^(con|prn|aux|nul|com\d|lpt\d)\./iu);
        assert.equal(safeName(name, found), name, "it is the same again");
      }),
      { numRuns: 3_000 },
    );
  });

  it("leaves usual names as they are, but for the case of their ending", () => {
    for (const [given, expected] of [
      ["sea.png", "sea.png"],
      ["Die Gäste (2).PNG", "Die Gäste (2).png"],
      ["写真.png", "写真.png"],
      ["v1.2 final.png", "v1.2 final.png"],
      ["no ending", "no ending.png"],
    ] as const)
      assert.equal(safeName(given, "image/png"), expected);
  });
});

describe("refusedName", () => {
  it("calls a file what its sender did, without what misleads", () => {
    assert.equal(refusedName("C:\\Users\\ada\\notes.txt"), "notes.txt");
    assert.equal(refusedName("a\u202egnp.exe"), "a_gnp.exe");
    assert.equal(refusedName("..."), "file");
    fc.assert(fc.property(wild, (given) => assert.doesNotMatch(refusedName(given), /[\p{Cc}\p{Cf}<>"/\\]/u)));
  });
});
