import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { inspectTarget, LONGEST_TARGET } from "./request-target.ts";

function codeOf(target: string): string | undefined {
  const url = new URL(target, "https://app.example");
  return inspectTarget(url, target)?.problem.code;
}

describe("inspectTarget", () => {
  // A proxy that protects /admin and an application that serves /public/..%2fadmin as /admin together
  // protect nothing. An address with two readings is refused before anyone routes by it.
  it("refuses addresses with two readings", () => {
    for (const target of [
      "/public/../admin",
      "/public/%2e%2e/admin",
      "/public/.%2E",
      "/.",
      "/a/..;/b",
      "/a%2fb",
      "/a%5Cb",
      "/a%00",
      "/a\\b",
      "/a%",
      "/a%ff",
      "/a%0d%0aset-cookie:x",
    ]) {
      assert.equal(codeOf(target), "MALFORMED_REQUEST", target);
    }
  });

  // A rule for /admin, in a proxy or in the list of origins that may read answers, does not see that /%61dmin is the same
  // place; the router behind it does. Whoever writes it so gets past the rule.
  it("refuses paths that encode what needs no encoding, and no others", () => {
    const unreserved = /[A-Za-z0-9._~-]/;
    for (let code = 0; code < 128; code += 1) {
      const character = String.fromCharCode(code);
      if (/[/\\\x00-\x1f\x7f]/.test(character)) continue;
      for (const hex of [code.toString(16), code.toString(16).toUpperCase()]) {
        const target = `/a%${hex.padStart(2, "0")}b`;
        assert.equal(codeOf(target), unreserved.test(character) ? "MALFORMED_REQUEST" : undefined, target);
      }
    }
    const url = new URL("https://app.example/%61dmin");
    assert.match(inspectTarget(url, "/%61dmin")?.detail ?? "", /need no encoding/);
    assert.equal(codeOf("/a?next=%61dmin"), undefined);
    fc.assert(
      fc.property(
        fc.string(),
        (text) =>
          codeOf(`/${encodeURIComponent(text.toWellFormed())}`) === undefined ||
          /[/\\\x00-\x1f\x7f]|^\.{1,2}$/.test(text),
      ),
    );
  });

  // A link to a path with two slashes is, to a browser, a link to the host after them. A page that links to the
  // address it was asked for would send its visitors to the attacker's site.
  it("refuses paths that a link would turn into another host", () => {
    for (const target of [
      "//evil.example",
      "//evil.example/login",
      "///evil.example",
      "https://app.example//evil.example",
    ]) {
      assert.equal(codeOf(target), "MALFORMED_REQUEST", target);
    }
    assert.equal(codeOf("/a//b"), undefined);
  });

  it("accepts ordinary addresses", () => {
    for (const target of [
      "/",
      "/a/b.c/..d",
      "/caf%C3%A9",
      "/a?next=../x%2f%00",
      "/a%20b",
      "/%252f",
      "/.well-known/x",
      "*",
    ]) {
      assert.equal(codeOf(target), undefined, target);
    }
  });

  it("refuses absurd lengths with 414", () => {
    assert.equal(codeOf(`/${"a".repeat(LONGEST_TARGET)}`), "URI_TOO_LONG");
    assert.equal(codeOf(`/?${"a".repeat(LONGEST_TARGET - 10)}`), undefined);
  });

  it("never throws", () => {
    fc.assert(
      fc.property(fc.webUrl({ withQueryParameters: true, withFragments: true }), fc.string(), (base, raw) => {
        void inspectTarget(new URL(base), raw);
      }),
      { numRuns: 1_000 },
    );
  });
});
