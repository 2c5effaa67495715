import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { generateKeyMaterial, rotateKeyMaterial } from "../kernel/key-material.ts";
import { createReplaceableKeyRing } from "../kernel/key-ring.ts";
import { systemRandom as random } from "../kernel/random.ts";
import { createFakeClock } from "../testing/fake-clock.ts";
import { createCsrfTokens, CSRF_TOKEN_LENGTH } from "./csrf-token.ts";

const clock = createFakeClock();
const material = generateKeyMaterial(random, clock);
const keyRing = createReplaceableKeyRing(material);
const tokens = createCsrfTokens({ keyRing, random });

describe("createCsrfTokens", () => {
  it("verifies what it issued, for the same session alone", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (session, other) => {
        const token = tokens.issue(session);
        assert.ok(tokens.verify(token, session));
        assert.equal(tokens.verify(token, other), session === other);
      }),
    );
  });

  it("gives texts for headers and meta elements, all of one length", () => {
    for (let count = 0; count < 100; count += 1) {
      const token = tokens.issue("session");
      assert.match(token, /^[\w-]+$/);
      assert.equal(token.length, CSRF_TOKEN_LENGTH);
    }
  });

  it("gives another text every time, and keeps all of them valid", () => {
    const issued = Array.from({ length: 500 }, () => tokens.issue("session"));
    assert.equal(new Set(issued).size, 500);
    for (const token of issued) assert.ok(tokens.verify(token, "session"));
  });

  it("keeps open pages working through key rotations, until the old version is removed", () => {
    const ring = createReplaceableKeyRing(material);
    const rotating = createCsrfTokens({ keyRing: ring, random });
    const before = rotating.issue("session");
    const rotated = rotateKeyMaterial(material, random, clock);
    ring.replace(rotated);
    assert.ok(rotating.verify(before, "session"));
    assert.ok(rotating.verify(rotating.issue("session"), "session"));
    ring.replace({ ...rotated, versions: rotated.versions.slice(1) });
    assert.equal(rotating.verify(before, "session"), false);
  });
});

// An attacker who can make a visitor's browser send requests needs a token of the visitor's session. They
// can collect any number of their own, alter them, and send whatever they like.
describe("token forgery", () => {
  it("fails for every altered bit", () => {
    const bytes = Buffer.from(tokens.issue("session"), "base64url");
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const altered = Buffer.from(bytes);
      altered[bit >> 3] = (altered[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      assert.equal(tokens.verify(altered.toString("base64url"), "session"), false, String(bit));
    }
  });

  it("fails for anything that was not issued, whatever its length and characters", () => {
    const sized = fc.string({ minLength: CSRF_TOKEN_LENGTH, maxLength: CSRF_TOKEN_LENGTH });
    const shaped = fc
      .uint8Array({ minLength: 68, maxLength: 68 })
      .map((value) => Buffer.from(value).toString("base64url"));
    fc.assert(fc.property(fc.oneof(fc.string(), sized, shaped), (text) => !tokens.verify(text, "session")));
    const token = tokens.issue("session");
    for (const text of ["", `${token}=`, ` ${token}`, token.slice(1), token + token]) {
      assert.equal(tokens.verify(text, "session"), false);
    }
  });

  it("fails with parts of several tokens of one's own", () => {
    const own = Buffer.from(tokens.issue("attacker"), "base64url");
    const other = Buffer.from(tokens.issue("attacker"), "base64url");
    const mixed = Buffer.concat([own.subarray(0, 36), other.subarray(36)]).toString("base64url");
    assert.equal(tokens.verify(mixed, "attacker"), false);
    assert.equal(tokens.verify(own.toString("base64url"), "victim"), false);
  });

  it("fails under the keys of another installation", () => {
    const elsewhere = createCsrfTokens({
      keyRing: createReplaceableKeyRing(generateKeyMaterial(random, clock)),
      random,
    });
    assert.equal(tokens.verify(elsewhere.issue("session"), "session"), false);
  });
});

// BREACH: where responses are compressed and reflect input, an attacker learns a secret in them byte by byte
// from their sizes, if the secret is the same every time. No byte of a token's secret part may stand still.
describe("BREACH", () => {
  it("finds no byte behind the key id that keeps its value", () => {
    const issued = Array.from({ length: 400 }, () => Buffer.from(tokens.issue("session"), "base64url"));
    for (let index = 4; index < 68; index += 1) {
      const values = new Set(issued.map((bytes) => bytes[index]));
      assert.ok(values.size > 150, `byte ${index} takes ${values.size} values`);
    }
  });
});
