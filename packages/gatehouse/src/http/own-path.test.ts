import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { ownPath } from "./own-path.ts";

// Whoever may say where a visitor goes next tries to send them to a site of their own. Browsers read some
// texts that begin with a slash as the address of another host.
describe("ownPath against open redirects", () => {
  it("refuses what some browser reads as another host, and what header fields cannot carry", () => {
    for (const text of [
      "",
      "evil.example",
      "https://evil.example/",
      "//evil.example",
      "/\\evil.example",
      "/\t/evil.example",
      "/.//evil.example",
      "/a/..//evil.example",
      "/?a=\\",
      "/#\\",
      "/\r\nset-cookie: a=b",
      "/\0",
    ]) {
      assert.equal(ownPath(text), undefined, JSON.stringify(text));
    }
  });

  it("gives the paths of this origin, encoded where header fields need it", () => {
    assert.equal(ownPath("/"), "/");
    assert.equal(ownPath("/a/b?c=d//e#f"), "/a/b?c=d//e#f");
    assert.equal(ownPath("/caf\u00e9?\u20ac"), "/caf%C3%A9?%E2%82%AC");
  });

  it("stays on the origin whatever the text, and accepts its own answers", () => {
    const piece = fc.constantFrom(
      "/",
      "\\",
      ".",
      "..",
      "\t",
      "\n",
      "?",
      "#",
      "@",
      ":",
      "evil.example",
      "%2f",
      "\u20ac",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const path = ownPath(`/${pieces.join("")}`);
        if (path === undefined) return;
        assert.equal(new URL(path, "https://app.example").origin, "https://app.example");
        assert.equal(new Headers({ location: path }).get("location"), path);
        assert.equal(ownPath(path), path);
      }),
      { numRuns: 5_000 },
    );
  });
});
