import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { parseCookieHeader } from "./cookies.ts";

const WANTED = "__Host-gatehouse";

describe("parseCookieHeader", () => {
  it("reads pairs without decoding them", () => {
    const { cookies, repeated } = parseCookieHeader('a=1; b="two"; c=%41', WANTED);
    assert.deepEqual(
      [...cookies],
      [
        ["a", "1"],
        ["b", "two"],
        ["c", "%41"],
      ],
    );
    assert.equal(repeated.size, 0);
  });

  it("tells repeated names", () => {
    const { cookies, repeated } = parseCookieHeader("a=1; a=2", WANTED);
    assert.equal(cookies.get("a"), "1");
    assert.deepEqual([...repeated], ["a"]);
  });

  // A neighbouring site on the same domain can set hundreds of cookies to push ours out of a bounded list.
  // Ours is found wherever it stands.
  it("finds the session behind a flood of cookies", () => {
    const flood = Array.from({ length: 500 }, (_, index) => `f${index}=x`).join("; ");
    const { cookies } = parseCookieHeader(`${flood}; __Host-gatehouse=value`, WANTED);
    assert.equal(cookies.get("__Host-gatehouse"), "value");
    assert.ok(cookies.size <= 65);
  });

  it("is not confused by prototype names or malformed pairs", () => {
    const { cookies } = parseCookieHeader("__proto__=1; =2; x; ;; b ad=3; ok=4", WANTED);
    assert.deepEqual(
      [...cookies],
      [
        ["__proto__", "1"],
        ["ok", "4"],
      ],
    );
  });

  it("never throws", () => {
    fc.assert(
      fc.property(fc.string(), (text) => void parseCookieHeader(text, WANTED)),
      { numRuns: 2_000 },
    );
  });
});
