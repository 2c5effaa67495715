import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { isDenial } from "../kernel/outcome.ts";
import { parseAuthorization } from "./authorization.ts";

const PROOF = { text: "p", method: "GET", url: "https://api.example/" };

function basic(text: string): string {
  return `Basic ${Buffer.from(text).toString("base64")}`;
}

describe("parseAuthorization", () => {
  it("reads bearer tokens, which need no proof", () => {
    assert.deepEqual(parseAuthorization("Bearer abc.DEF-_~+/=", PROOF), { kind: "bearer", token: "abc.DEF-_~+/=" });
    assert.deepEqual(parseAuthorization("bearer a", PROOF), { kind: "bearer", token: "a" });
  });

  it("reads tokens that are bound to a key with what came to prove it", () => {
    assert.deepEqual(parseAuthorization("DPoP a", PROOF), { kind: "bearer", token: "a", proof: PROOF });
    assert.ok(isDenial(parseAuthorization("DPoP a", { ...PROOF, text: "p".repeat(9_000) })));
  });

  it("reads client credentials, form-decoded", () => {
    assert.deepEqual(parseAuthorization(basic("my%3Aapp:p+w"), PROOF), { kind: "client", id: "my:app", secret: "p w" });
  });

  // A credential that is skipped because it cannot be read leaves the caller with whatever else the request
  // carries; it is refused instead. Two joined header lines are one way to get there.
  it("refuses everything else", () => {
    for (const header of [
      "Bearer a, Bearer b",
      "Bearer ",
      "Bearer a b",
      "DPoP a, Bearer b",
      "DPoP ",
      "Digest username=x",
      "Basic !!!",
      basic("nocolon"),
      basic(":secret"),
      basic("a%zz:b"),
      `Basic ${Buffer.from([0x61, 0x3a, 0xff]).toString("base64")}`,
      `Bearer ${"a".repeat(9_000)}`,
      "",
    ]) {
      assert.ok(isDenial(parseAuthorization(header, PROOF)), header);
    }
  });

  it("never throws", () => {
    fc.assert(
      fc.property(fc.string(), (text) => void parseAuthorization(`Basic ${text}`, PROOF)),
      { numRuns: 2_000 },
    );
  });
});
