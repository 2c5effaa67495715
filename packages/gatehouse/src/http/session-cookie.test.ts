import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { createKeyRing } from "../kernel/key-ring.ts";
import { generateKeyMaterial, rotateKeyMaterial } from "../kernel/key-material.ts";
import { createDeterministicRandom } from "../testing/deterministic-random.ts";
import { createFakeClock } from "../testing/fake-clock.ts";
import { createSessionCookies } from "./session-cookie.ts";

const HOUR = 3_600_000;

function setUp() {
  const clock = createFakeClock();
  const random = createDeterministicRandom();
  const material = generateKeyMaterial(random, clock);
  const cookies = createSessionCookies({ keyRing: createKeyRing(material), random, clock, absolute: HOUR });
  return { clock, random, material, cookies };
}

describe("createSessionCookies", () => {
  it("recognises what it issued, until the longest session is over", async () => {
    const { clock, cookies } = setUp();
    const value = cookies.issue(false);
    assert.deepEqual(cookies.read(value), { value, issuedAt: clock.now(), lasting: false });
    assert.equal(cookies.read(cookies.issue(true))?.lasting, true);
    await clock.advance(HOUR);
    assert.ok(cookies.read(value));
    await clock.advance(1);
    assert.equal(cookies.read(value), undefined);
  });

  it("carries 256 bits that never repeat", () => {
    const { cookies } = setUp();
    const identifiers = new Set(Array.from({ length: 1_000 }, () => cookies.issue(false).slice(0, 43)));
    assert.equal(identifiers.size, 1_000);
  });

  // Session fixation begins with a session identifier the attacker chose. A value that was not made here,
  // or was changed in a single bit - its age or its kind included - is no session at all.
  it("refuses every value it did not issue", () => {
    const { cookies } = setUp();
    const value = cookies.issue(false);
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
    fc.assert(
      fc.property(fc.nat(value.length - 1), fc.constantFrom(...alphabet), (index, character) => {
        const forged = value.slice(0, index) + character + value.slice(index + 1);
        if (forged !== value) assert.equal(cookies.read(forged), undefined);
      }),
      { numRuns: 3_000 },
    );
    fc.assert(fc.property(fc.string(), (text) => cookies.read(text) === undefined));
    assert.equal(cookies.read(`${value}.`), undefined);
  });

  it("refuses cookies of the future, beyond the tolerance between clocks", () => {
    const { clock, cookies } = setUp();
    const value = cookies.issue(false);
    clock.correct(clock.now() - 30_000);
    assert.ok(cookies.read(value));
    clock.correct(clock.now() - 60_000);
    assert.equal(cookies.read(value), undefined);
  });

  it("survives a key rotation", () => {
    const { clock, random, material, cookies } = setUp();
    const keyRing = createKeyRing(rotateKeyMaterial(material, random, clock));
    const rotated = createSessionCookies({ keyRing, random, clock, absolute: HOUR });
    assert.ok(rotated.read(cookies.issue(false)));
    assert.equal(cookies.read(rotated.issue(false)), undefined);
  });
});
