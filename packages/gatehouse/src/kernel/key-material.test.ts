import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { Clock } from "./clock.ts";
import {
  checkKeyMaterial,
  describeKeyMaterial,
  formatKeyMaterial,
  generateKeyMaterial,
  keyId,
  KeyMaterialError,
  MINIMUM_RETIRED_AGE,
  parseKeyMaterial,
  removeRetiredKeys,
  rotateKeyMaterial,
  type KeyMaterial,
} from "./key-material.ts";
import { systemRandom, type Random } from "./random.ts";

const START = 1_800_000_000_000;

function clockAt(now: number): Clock {
  return { now: () => now, monotonic: () => 0 };
}

function rotated(times: number): KeyMaterial {
  let material = generateKeyMaterial(systemRandom, clockAt(START));
  for (let count = 1; count <= times; count += 1) {
    material = rotateKeyMaterial(material, systemRandom, clockAt(START + count));
  }
  return material;
}

describe("generateKeyMaterial and rotateKeyMaterial", () => {
  it("start with one current version, and add versions that replace it", () => {
    const material = rotated(2);
    assert.deepEqual(
      describeKeyMaterial(material).map(({ version, state, createdAt, retiredAt }) => [
        version,
        state,
        createdAt - START,
        retiredAt,
      ]),
      [
        [3, "current", 2, undefined],
        [2, "retired", 1, START + 2],
        [1, "retired", 0, START + 1],
      ],
    );
    assert.doesNotThrow(() => checkKeyMaterial(material));
  });

  it("never touch the anchor or old secrets", () => {
    const first = rotated(0);
    const second = rotateKeyMaterial(first, systemRandom, clockAt(START + 1));
    assert.deepEqual(second.anchor, first.anchor);
    assert.deepEqual(second.versions[0]?.secret, first.versions[0]?.secret);
  });

  it("draw again when a new key id equals an old one", () => {
    const first = rotated(0);
    const taken = first.versions[0]?.secret ?? assert.fail();
    const fresh = systemRandom.bytes(32);
    const draws = [taken, taken, fresh];
    const random: Random = { bytes: () => new Uint8Array(draws.shift() ?? assert.fail("drew too often")) };
    assert.deepEqual(rotateKeyMaterial(first, random, clockAt(START + 1)).versions[1]?.secret, fresh);
  });
});

describe("removeRetiredKeys", () => {
  const material = rotated(2);
  const rested = { clock: clockAt(START + 1 + MINIMUM_RETIRED_AGE) };

  it("removes what has rested for 90 days, and nothing else", () => {
    const kept = removeRetiredKeys(material, rested).versions.map(({ version }) => version);
    assert.deepEqual(kept, [2, 3]);
    assert.equal(removeRetiredKeys(material, { clock: clockAt(START + 2) }).versions.length, 3);
  });

  it("removes named versions, and refuses those that are current, unknown or too young", () => {
    const later = { clock: clockAt(START + 2 + MINIMUM_RETIRED_AGE) };
    assert.deepEqual(
      removeRetiredKeys(material, { ...later, versions: [2] }).versions.map(({ version }) => version),
      [1, 3],
    );
    assert.throws(() => removeRetiredKeys(material, { ...later, versions: [3] }), /current/);
    assert.throws(() => removeRetiredKeys(material, { ...later, versions: [4] }), /no key version 4/);
    assert.throws(() => removeRetiredKeys(material, { clock: clockAt(START + 10), versions: [1] }), /in 90 days/);
  });
});

describe("formatKeyMaterial and parseKeyMaterial", () => {
  it("are each other's inverse", () => {
    for (const times of [0, 1, 5]) {
      const material = rotated(times);
      assert.deepEqual(parseKeyMaterial(formatKeyMaterial(material)), material);
    }
  });

  it("refuse incomplete and contradictory material", () => {
    const good = rotated(1);
    const [old, current] = good.versions;
    assert.ok(old && current);
    const { retiredAt: _, ...unretired } = old;
    const wrong: readonly [KeyMaterial, RegExp][] = [
      [{ ...good, anchor: new Uint8Array(31) }, /anchor/],
      [{ ...good, versions: [] }, /no version/],
      [{ ...good, versions: [{ ...old, version: 5 }, current] }, /ascending/],
      [{ ...good, versions: [old] }, /must be current/],
      [{ ...good, versions: [unretired, current] }, /must be current/],
      [{ ...good, versions: [old, { ...current, secret: new Uint8Array(16) }] }, /32 bytes/],
      [{ ...good, versions: [old, { ...current, secret: old.secret }] }, /same key id/],
    ];
    for (const [material, expected] of wrong) {
      const matches = (error: unknown): boolean => error instanceof KeyMaterialError && expected.test(error.message);
      assert.throws(() => parseKeyMaterial(formatKeyMaterial(material)), matches, expected.source);
    }
  });

  it("refuse other formats and versions of the format", () => {
    const text = formatKeyMaterial(rotated(0));
    assert.throws(() => parseKeyMaterial(text.replace("gatehouse-keys", "other")), /format/);
    assert.throws(() => parseKeyMaterial(text.replace('"formatVersion": 1', '"formatVersion": 2')), /format version/);
    for (const other of ["", "null", "[]", "7", "{}", text.slice(0, -5)]) {
      assert.throws(() => parseKeyMaterial(other), KeyMaterialError, other);
    }
  });

  it("refuse any damaged text without repeating secrets", () => {
    const material = rotated(1);
    const text = formatKeyMaterial(material);
    const secrets = [...text.matchAll(/[\w-]{43}/g)].map(([secret]) => secret);
    assert.equal(secrets.length, 3);
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.string({ maxLength: 3 }), (index, insert) => {
        try {
          parseKeyMaterial(text.slice(0, index) + insert + text.slice(index + 1));
        } catch (error) {
          assert.ok(error instanceof KeyMaterialError);
          for (const secret of secrets) assert.ok(!error.message.includes(secret.slice(0, 8)));
        }
      }),
    );
  });
});

describe("keyId", () => {
  it("is eight hexadecimal digits that stay the same for a secret", () => {
    const secret = new Uint8Array(32).fill(7);
    assert.match(keyId(secret), /^[0-9a-f]{8}$/);
    assert.equal(keyId(secret), keyId(secret.slice()));
    assert.notEqual(keyId(secret), keyId(new Uint8Array(32)));
  });
});
