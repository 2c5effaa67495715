import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { systemClock } from "../kernel/clock.ts";
import { generateKeyMaterial, rotateKeyMaterial } from "../kernel/key-material.ts";
import { createKeyRing } from "../kernel/key-ring.ts";
import { systemRandom } from "../kernel/random.ts";
import { scrubText } from "../kernel/scrub.ts";
import {
  derivedAgain,
  derivedText,
  derivingKey,
  hashText,
  isTokenText,
  possibleHashes,
  randomText,
} from "./token-text.ts";

const material = generateKeyMaterial(systemRandom, systemClock);
const keyRing = createKeyRing(material);
const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const texts = fc
  .uint8Array({ minLength: 20, maxLength: 20 })
  .map((bytes) => randomText({ bytes: () => new Uint8Array(bytes) }));

describe("the text of a join token", () => {
  it("is 160 bits and a checksum in letters and digits", () => {
    fc.assert(
      fc.property(texts, (text) => {
        assert.match(text, /^gj_[0-9A-Za-z]{33}$/);
        assert.ok(isTokenText(text));
      }),
    );
    assert.equal(new Set(Array.from({ length: 1000 }, () => randomText(systemRandom))).size, 1000);
  });

  it("is recognised as mistyped with any one character changed, or two neighbours swapped", () => {
    fc.assert(
      fc.property(texts, fc.nat(32), fc.constantFrom(...DIGITS), (text, place, digit) => {
        const at = 3 + place;
        const changed = text.slice(0, at) + digit + text.slice(at + 1);
        assert.equal(isTokenText(changed), changed === text);
        const [left = "", right = ""] = [text[at], text[at + 1]];
        const swapped = text.slice(0, at) + right + left + text.slice(at + 2);
        assert.equal(isTokenText(swapped), swapped === text);
      }),
      { numRuns: 2000 },
    );
    for (const text of ["", "gj_", "x".repeat(36), `${randomText(systemRandom)}0`])
      assert.equal(isTokenText(text), false);
  });

  it("can be derived again from token and issue, under the key it was made with alone", () => {
    const key = derivingKey(keyRing);
    const text = derivedText(key, "t1", 0);
    assert.equal(derivedAgain(keyRing, { keyId: key.id, token: "t1", issue: 0 }), text);
    assert.notEqual(derivedText(key, "t1", 1), text);
    assert.notEqual(derivedText(key, "t2", 0), text);
    const rotated = createKeyRing(rotateKeyMaterial(material, systemRandom, systemClock));
    assert.equal(derivedAgain(rotated, { keyId: key.id, token: "t1", issue: 0 }), text);
    assert.notEqual(derivedText(derivingKey(rotated), "t1", 0), text);
    const stranger = createKeyRing(generateKeyMaterial(systemRandom, systemClock));
    assert.equal(derivedAgain(stranger, { keyId: key.id, token: "t1", issue: 0 }), undefined);
  });

  it("is found by its hash after a rotation of the keys, in its tenant alone", () => {
    const text = randomText(systemRandom);
    const { hash } = hashText(keyRing, "acme", text);
    const rotated = createKeyRing(rotateKeyMaterial(material, systemRandom, systemClock));
    assert.ok(possibleHashes(rotated, "acme", text).includes(hash));
    assert.notEqual(hashText(rotated, "acme", text).hash, hash);
    assert.ok(!possibleHashes(rotated, "other", text).includes(hash));
  });

  it("is taken out of whatever is logged, in a path, a sentence or cut off", () => {
    fc.assert(
      fc.property(texts, fc.integer({ min: 12, max: 36 }), (text, kept) => {
        for (const said of [`/join/${text}`, `The token ${text} failed.`, `x=${text.slice(0, kept)}`]) {
          assert.ok(!scrubText(said).includes(text.slice(3, 12)), said);
        }
      }),
    );
  });
});
