import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { isDenial } from "../kernel/outcome.ts";
import { parseAuthorization } from "./authorization.ts";

function basic(text: string): string {
  return `Basic ${Buffer.from(text).toString("base64")}`;
}

describe("parseAuthorization", () => {
  it("reads bearer tokens with their proof", () => {
    assert.deepEqual(parseAuthorization("Bearer abc.DEF-_~+/=", null), { kind: "bearer", token: "abc.DEF-_~+/=" });
    assert.deepEqual(parseAuthorization("bearer a", "p"), { kind: "bearer", token: "a", proof: "p" });
  });

  it("reads client credentials, form-decoded", () => {
    assert.deepEqual(parseAuthorization(basic("my%3Aapp:p+w"), null), { kind: "client", id: "my:app", secret: "p w" });
  });

  // A credential that is skipped because it cannot be read leaves the caller with whatever else the request
  // carries; it is refused instead. Two joined header lines are one way to get there.
  it("refuses everything else", () => {
    for (const header of [
      "Bearer a, Bearer b",
      "Bearer ",
      "Bearer a b",
      "Digest username=x",
      "Basic !!!",
      basic("nocolon"),
      basic(":secret"),
      basic("a%zz:b"),
      `Basic ${Buffer.from([0x61, 0x3a, 0xff]).toString("base64")}`,
      `Bearer ${"a".repeat(9_000)}`,
      "",
    ]) {
      assert.ok(isDenial(parseAuthorization(header, null)), header);
    }
  });

  it("never throws", () => {
    fc.assert(
      fc.property(fc.string(), (text) => void parseAuthorization(`Basic ${text}`, null)),
      { numRuns: 2_000 },
    );
  });
});
