import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { fileResponse } from "./file-response.ts";

function served(name: string, type = "image/png"): Headers {
  return fileResponse({ body: new ReadableStream(), bytes: 7, type, name }).headers;
}

describe("fileResponse", () => {
  it("says what it is, and lets browsers run nothing of it", () => {
    const headers = Object.fromEntries(served("sea.png"));
    assert.equal(headers["content-type"], "image/png");
    assert.equal(headers["content-length"], "7");
    assert.equal(headers["x-content-type-options"], "nosniff");
    assert.equal(headers["cross-origin-resource-policy"], "same-origin");
    assert.match(headers["content-security-policy"] ?? "", /^default-src 'none';.*; sandbox$/);
  });

  it("has shown only what cannot run", () => {
    for (const type of ["image/png", "image/webp", "video/webm"])
      assert.match(served("a", type).get("content-disposition") ?? "", /^inline;/);
    for (const type of ["application/pdf", "image/svg+xml", "text/html", "image/png+xml"])
      assert.match(served("a", type).get("content-disposition") ?? "", /^attachment;/);
  });

  it("names it in both forms, and lets no name end its parameter", () => {
    assert.equal(
      served('Zoë\'s "sea" (1)*.png').get("content-disposition"),
      `inline; filename="Zo_'s _sea_ (1)*.png"; filename*=UTF-8''Zo%C3%AB%27s%20%22sea%22%20%281%29%2A.png`,
    );
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (name) => {
        const disposition = served(name).get("content-disposition") ?? "";
        const [, plain, whole] =
          /^inline; filename="([ -~]*)"; filename\*=UTF-8''([\w.~!%-]*)$/.exec(disposition) ?? [];
        assert.ok(plain !== undefined && whole !== undefined, disposition);
        assert.ok(!/["\\]/.test(plain));
        assert.equal(decodeURIComponent(whole), name.toWellFormed());
      }),
    );
  });
});
