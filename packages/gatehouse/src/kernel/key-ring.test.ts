import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { describe, it } from "node:test";
import fc from "fast-check";
import { systemClock } from "./clock.ts";
import { createFakeClock } from "../testing/fake-clock.ts";
import {
  describeKeyMaterial,
  generateKeyMaterial,
  KeyMaterialError,
  rotateKeyMaterial,
  stageKeyMaterial,
  type KeyMaterial,
} from "./key-material.ts";
import { createKeyRing, createReplaceableKeyRing } from "./key-ring.ts";
import { systemRandom } from "./random.ts";

const first = generateKeyMaterial(systemRandom, systemClock);
const second = rotateKeyMaterial(first, systemRandom, systemClock);

/** HKDF-SHA-256 as RFC 5869 section 2 writes it, for outputs of up to 32 bytes. */
function referenceHkdf(secret: Uint8Array, info: string): Buffer {
  const extracted = createHmac("sha256", Buffer.alloc(32)).update(secret).digest();
  return createHmac("sha256", extracted).update(info).update(Uint8Array.of(1)).digest();
}

describe("createKeyRing", () => {
  it("derives the current key by HKDF-SHA-256 from the newest version", () => {
    const key = createKeyRing(second).current("csrf");
    const secret = second.versions[1]?.secret ?? assert.fail();
    assert.equal(key.version, 2);
    assert.deepEqual(Buffer.from(key.bytes), referenceHkdf(secret, "gatehouse/1/subkey/csrf"));
    assert.equal(key.id, referenceHkdf(secret, "gatehouse/1/key-id").toString("hex").slice(0, 8));
  });

  it("gives each purpose and version its own key", () => {
    const ring = createKeyRing(second);
    const keys = ["csrf", "seal.state", "seal", "Csrf"].flatMap((purpose) => ring.all(purpose));
    assert.equal(new Set(keys.map(({ bytes }) => Buffer.from(bytes).toString("hex"))).size, 8);
  });

  it("lists keys newest first and finds them by id", () => {
    const ring = createKeyRing(second);
    const all = ring.all("csrf");
    assert.deepEqual(
      all.map(({ version }) => version),
      [2, 1],
    );
    for (const key of all) assert.equal(ring.find("csrf", key.id), key);
    assert.equal(ring.find("csrf", "00000000"), undefined);
    assert.equal(ring.current("csrf"), all[0]);
  });

  it("keeps old keys through a rotation", () => {
    const before = createKeyRing(first).current("csrf");
    assert.deepEqual(createKeyRing(second).find("csrf", before.id)?.bytes, before.bytes);
  });

  it("refuses purposes that cannot be constants of the code", () => {
    const ring = createKeyRing(first);
    for (const purpose of ["", "a b", "a\n", "ä", "x".repeat(129)]) {
      assert.throws(() => ring.current(purpose), TypeError);
      assert.throws(() => ring.fingerprint(purpose, "x"), TypeError);
    }
  });

  it("refuses contradictory material", () => {
    assert.throws(() => createKeyRing({ ...first, versions: [] }), KeyMaterialError);
  });
});

describe("a version that is to come", () => {
  it("is recognised at once, and used when its time has come", async () => {
    const clock = createFakeClock();
    const base = generateKeyMaterial(systemRandom, clock);
    const staged = stageKeyMaterial(base, { random: systemRandom, clock, delay: 1_000 });
    const ring = createReplaceableKeyRing(base, clock);
    ring.replace(staged);
    assert.equal(ring.current("csrf").version, 1);
    assert.deepEqual(
      ring.all("csrf").map(({ version }) => version),
      [2, 1],
    );
    assert.deepEqual(states(staged, clock.now()), ["next", "current"]);
    await clock.advance(999);
    assert.equal(ring.current("csrf").version, 1);
    await clock.advance(1);
    assert.equal(ring.current("csrf").version, 2);
    assert.deepEqual(states(staged, clock.now()), ["current", "retired"]);
    assert.equal(createKeyRing(staged).current("csrf").version, 2);
  });

  it("is overtaken by a rotation that is to be used earlier, and never outruns one", async () => {
    const clock = createFakeClock();
    const stage = (material: KeyMaterial, delay: number) =>
      stageKeyMaterial(material, { random: systemRandom, clock, delay });
    const base = generateKeyMaterial(systemRandom, clock);
    const hurried = stage(stage(base, 60_000), 1_000);
    const patient = stage(stage(base, 1_000), 60_000);
    const rings = [createKeyRing(hurried, clock), createKeyRing(patient, clock)];
    const versions = () => rings.map((ring) => ring.current("csrf").version);
    assert.deepEqual(versions(), [1, 1]);
    await clock.advance(1_000);
    assert.deepEqual(versions(), [3, 2]);
    await clock.advance(59_000);
    assert.deepEqual(versions(), [3, 3]);
  });
});

function states(material: KeyMaterial, now: number): string[] {
  return describeKeyMaterial(material, now).map(({ state }) => state);
}

describe("fingerprint", () => {
  it("is HMAC-SHA-256 of the length-prefixed parts under the anchor, cut to 16 bytes", () => {
    const key = referenceHkdf(first.anchor, "gatehouse/1/fingerprint/session");
    const expected = createHmac("sha256", key).update("\0\0\0\x02ab\0\0\0\x01c").digest().subarray(0, 16);
    assert.equal(createKeyRing(first).fingerprint("session", "ab", Uint8Array.of(99)), expected.toString("base64url"));
  });

  it("survives rotations, so that rows found by it are not lost", () => {
    assert.equal(createKeyRing(second).fingerprint("session", "x"), createKeyRing(first).fingerprint("session", "x"));
  });

  it("differs between purposes, rings and divisions into parts", () => {
    const ring = createKeyRing(first);
    const other = createKeyRing(generateKeyMaterial(systemRandom, systemClock));
    const prints = [
      ring.fingerprint("a", "bc", "d"),
      ring.fingerprint("a", "b", "cd"),
      ring.fingerprint("a", "bcd"),
      ring.fingerprint("b", "bc", "d"),
      other.fingerprint("a", "bc", "d"),
    ];
    assert.equal(new Set(prints).size, prints.length);
    fc.assert(fc.property(fc.string(), (text) => /^[\w-]{22}$/.test(ring.fingerprint("a", text))));
  });
});

describe("createReplaceableKeyRing", () => {
  it("takes over rotated material while it is in use", () => {
    const ring = createReplaceableKeyRing(first);
    const before = ring.current("csrf");
    const print = ring.fingerprint("session", "x");
    ring.replace(second);
    assert.equal(ring.current("csrf").version, 2);
    assert.deepEqual(ring.find("csrf", before.id)?.bytes, before.bytes);
    assert.equal(ring.all("csrf").length, 2);
    assert.equal(ring.fingerprint("session", "x"), print);
  });

  it("refuses another anchor and broken material, and goes on with what it has", () => {
    const ring = createReplaceableKeyRing(first);
    const foreign: KeyMaterial = generateKeyMaterial(systemRandom, systemClock);
    assert.throws(() => ring.replace(foreign), /anchor/);
    assert.throws(() => ring.replace({ ...first, versions: [] }), KeyMaterialError);
    assert.equal(ring.current("csrf").version, 1);
  });
});
