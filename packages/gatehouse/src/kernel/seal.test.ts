import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import sodium from "libsodium-wrappers";
import type { Clock } from "./clock.ts";
import { generateKeyMaterial, rotateKeyMaterial, type KeyMaterial } from "./key-material.ts";
import { createKeyRing, createReplaceableKeyRing } from "./key-ring.ts";
import { systemRandom as random } from "./random.ts";
import { createSealer, openVersion1, SealError, sealVersion1, type SealBinding, type Sealer } from "./seal.ts";

await sodium.ready;

const NOW = 1_800_000_000_000;
const clock: Clock = { now: () => NOW, monotonic: () => 0 };
const material = generateKeyMaterial(random, clock);
const binding: SealBinding = { purpose: "live-state", context: ["tenant", "counter:main", "session"] };
const anyText = fc.string({ unit: "binary", maxLength: 300 });

function sealerOf(from: KeyMaterial, more: Partial<Parameters<typeof createSealer>[0]> = {}): Sealer {
  return createSealer({ keyRing: createKeyRing(from), random, clock, ...more });
}

const sealer = sealerOf(material);

function fails(code: SealError["code"], open: () => unknown): void {
  assert.throws(open, (error: unknown) => error instanceof SealError && error.code === code);
}

describe("version 1 beside libsodium", () => {
  const key = random.bytes(32);
  const texts = fc.oneof(
    anyText,
    fc.nat(20_000).map((length) => "ä€x".repeat(length).slice(0, length)),
  );

  it("is opened by crypto_secretbox_open_easy, and is [1][nonce 24][box] in base64", () => {
    fc.assert(
      fc.property(texts, (text) => {
        const bytes = Buffer.from(sealVersion1(key, text, random), "base64");
        assert.equal(bytes[0], 1);
        const opened = sodium.crypto_secretbox_open_easy(bytes.subarray(25), bytes.subarray(1, 25), key);
        assert.equal(Buffer.from(opened).toString(), text);
        assert.equal(bytes.length, 1 + 24 + 16 + Buffer.byteLength(text));
      }),
      { numRuns: 200 },
    );
  });

  it("opens what crypto_secretbox_easy sealed", () => {
    fc.assert(
      fc.property(texts, (text) => {
        const nonce = sodium.randombytes_buf(24);
        const box = sodium.crypto_secretbox_easy(text, nonce, key);
        const sealed = Buffer.concat([Uint8Array.of(1), nonce, box]).toString("base64");
        assert.equal(openVersion1(key, sealed), text);
      }),
      { numRuns: 200 },
    );
  });

  it("gives the same bytes for the same nonce", () => {
    fc.assert(
      fc.property(texts, fc.uint8Array({ minLength: 24, maxLength: 24 }), (text, nonce) => {
        const ours = sealVersion1(key, text, { bytes: () => new Uint8Array(nonce) });
        const theirs = Buffer.concat([Uint8Array.of(1), nonce, sodium.crypto_secretbox_easy(text, nonce, key)]);
        assert.equal(ours, theirs.toString("base64"));
      }),
    );
  });

  it("refuses keys of another length", () => {
    assert.throws(() => sealVersion1(new Uint8Array(31), "x", random), TypeError);
    assert.throws(() => openVersion1(new Uint8Array(33), "x"), TypeError);
    assert.throws(() => sealerOf(material, { version1Keys: [new Uint8Array(16)] }), TypeError);
  });
});

describe("createSealer", () => {
  it("opens what it sealed, whatever the text and context", () => {
    fc.assert(
      fc.property(anyText, fc.array(anyText, { maxLength: 5 }), (text, context) => {
        assert.equal(sealer.open(sealer.seal(text, { purpose: "p", context }), { purpose: "p", context }), text);
      }),
    );
    assert.equal(sealer.open(sealer.seal("\uFEFFmark", binding), binding), "\uFEFFmark");
  });

  it("lays version 2 out as [2][key id 4][nonce 24][box] in base64", () => {
    const bytes = Buffer.from(sealer.seal("abc", binding), "base64");
    assert.equal(bytes[0], 2);
    assert.equal(bytes.toString("hex", 1, 5), createKeyRing(material).current("any").id);
    assert.equal(bytes.length, 1 + 4 + 24 + 16 + 3);
  });

  it("never uses a nonce twice", () => {
    const nonces = Array.from({ length: 500 }, () => sealer.seal("", binding).slice(0, 38));
    assert.equal(new Set(nonces).size, 500);
  });

  it("refuses to seal text that would not come back the same", () => {
    assert.throws(() => sealer.seal("\ud800", binding), TypeError);
  });

  it("says nothing about the data in its errors", () => {
    const sealed = sealer.seal("secret-value", binding);
    assert.throws(
      () => sealer.open(sealed, { ...binding, context: [] }),
      (error: unknown) =>
        error instanceof SealError && error.message === "MAC verification failed." && !("cause" in error),
    );
  });
});

// Sealed state lies in a store that an attacker may be able to write to, or in a client's hands. Whoever
// changes one byte of it must get nothing but an error: no other plaintext, and no way around the seal.
describe("tampering", () => {
  const sealed = sealer.seal('{"role":"user"}', binding);
  const lenient = sealerOf(material, { plaintextUntil: Infinity, onPlaintextAccepted: () => assert.fail("accepted") });

  it("is detected at every byte and every bit of the sealed bytes", () => {
    const bytes = Buffer.from(sealed, "base64");
    for (let index = 0; index < bytes.length; index += 1) {
      for (let bit = 0; bit < 8; bit += 1) {
        const altered = Buffer.from(bytes);
        altered[index] = (altered[index] ?? 0) ^ (1 << bit);
        const text = altered.toString("base64");
        assert.throws(() => sealer.open(text, binding), SealError, `${index}.${bit}`);
        assert.throws(() => lenient.openStored(text, binding), SealError, `${index}.${bit}`);
      }
    }
  });

  it("is detected at every character of the sealed text, even while plaintext is accepted", () => {
    fc.assert(
      fc.property(fc.nat(sealed.length), fc.string({ maxLength: 4 }), fc.nat(4), (index, insert, removed) => {
        const altered = sealed.slice(0, index) + insert + sealed.slice(index + removed);
        fc.pre(altered !== sealed);
        assert.throws(() => sealer.open(altered, binding), SealError);
        assert.throws(() => lenient.openStored(altered, binding), SealError);
      }),
      { numRuns: 1000 },
    );
  });

  it("is detected in cut, joined and re-encoded text", () => {
    const urlSafe = Buffer.from(sealed, "base64").toString("base64url");
    for (const altered of ["", sealed.slice(0, -4), sealed + sealed, ` ${sealed}`, `${sealed}\n`, `${urlSafe}-`]) {
      assert.throws(() => lenient.openStored(altered, binding), SealError, altered);
    }
  });

  it("never passes as version 1 after its version byte was changed", () => {
    const withVersion1 = sealerOf(material, {
      version1Keys: createKeyRing(material)
        .all("seal.live-state")
        .map(({ bytes }) => bytes),
    });
    const bytes = Buffer.from(sealed, "base64");
    bytes[0] = 1;
    fails("SEAL_MAC_FAILED", () => withVersion1.openStored(bytes.toString("base64"), binding));
  });
});

// Sealed data that is genuine but belongs elsewhere - another user's session, another tenant, another
// component - is as good as forged if it opens. Moving it must fail like tampering does.
describe("swapping between contexts", () => {
  it("is refused for any other purpose or context, however similar", () => {
    const sealed = sealer.seal("x", binding);
    const others: SealBinding[] = [
      { ...binding, purpose: "idempotency" },
      { ...binding, context: ["other", "counter:main", "session"] },
      { ...binding, context: ["tenant", "session", "counter:main"] },
      { ...binding, context: ["tenantcounter:main", "session"] },
      { ...binding, context: ["tenant", "counter:main", "session", ""] },
      { ...binding, context: ["tenant", "counter:main"] },
      { ...binding, context: [] },
    ];
    for (const other of others) fails("SEAL_MAC_FAILED", () => sealer.open(sealed, other));
  });

  it("is refused for any two different contexts", () => {
    const context = fc.array(fc.string({ maxLength: 4 }), { maxLength: 4 });
    fc.assert(
      fc.property(context, context, (left, right) => {
        fc.pre(JSON.stringify(left) !== JSON.stringify(right));
        const sealed = sealer.seal("x", { purpose: "p", context: left });
        fails("SEAL_MAC_FAILED", () => sealer.open(sealed, { purpose: "p", context: right }));
      }),
    );
  });

  it("is refused between applications with other keys", () => {
    const foreign = sealerOf(generateKeyMaterial(random, clock));
    fails("SEAL_KEY_UNKNOWN", () => foreign.open(sealer.seal("x", binding), binding));
  });
});

describe("rotation", () => {
  it("opens what every version in the ring sealed, and asks to seal old ones anew", () => {
    const ring = createReplaceableKeyRing(material);
    const rotating = createSealer({ keyRing: ring, random, clock });
    let current = material;
    const sealed: string[] = [];
    for (let version = 1; version <= 4; version += 1) {
      sealed.push(rotating.seal(`made by ${version}`, binding));
      current = rotateKeyMaterial(current, random, clock);
      ring.replace(current);
    }
    assert.deepEqual(
      sealed.map((text) => rotating.open(text, binding)),
      ["made by 1", "made by 2", "made by 3", "made by 4"],
    );
    assert.deepEqual(
      sealed.map((text) => rotating.needsReseal(text)),
      [true, true, true, true],
    );
    assert.equal(rotating.needsReseal(rotating.seal("x", binding)), false);
  });

  it("cannot open what a removed version sealed", () => {
    const rotated = rotateKeyMaterial(material, random, clock);
    const removed = { ...rotated, versions: rotated.versions.slice(1) };
    fails("SEAL_KEY_UNKNOWN", () => sealerOf(removed).open(sealer.seal("x", binding), binding));
  });
});

describe("migration from version 1", () => {
  const [newer, older, unknown] = [random.bytes(32), random.bytes(32), random.bytes(32)];

  it("opens version 1 under each of the given keys, and asks to seal it anew", () => {
    const migrating = sealerOf(material, { version1Keys: [newer, older] });
    for (const key of [newer, older]) {
      const sealed = sealVersion1(key, "old state", random);
      assert.equal(migrating.openStored(sealed, binding), "old state");
      assert.ok(migrating.needsReseal(sealed));
    }
    fails("SEAL_MAC_FAILED", () => migrating.openStored(sealVersion1(unknown, "x", random), binding));
  });

  it("refuses version 1 where no keys for it are given", () => {
    fails("SEAL_KEY_UNKNOWN", () => sealer.openStored(sealVersion1(newer, "x", random), binding));
  });
});

// A migration that accepts unsealed data forever is a way around the seal: whoever can write to the store
// writes plaintext. It must be opened on purpose, end by itself, be counted, and never cover up a broken seal.
describe("plaintext acceptance", () => {
  const plaintext = '{"count":1}';

  it("is off by default", () => {
    fails("SEAL_MALFORMED", () => sealer.openStored(plaintext, binding));
  });

  it("lasts until the given time, and reports every acceptance", () => {
    let now = NOW;
    const accepted: SealBinding[] = [];
    const migrating = createSealer({
      keyRing: createKeyRing(material),
      random,
      clock: { now: () => now, monotonic: () => 0 },
      plaintextUntil: NOW + 1000,
      onPlaintextAccepted: (where) => accepted.push(where),
    });
    now = NOW + 999;
    assert.equal(migrating.openStored(plaintext, binding), plaintext);
    assert.equal(migrating.openStored("[1]", binding), "[1]");
    assert.deepEqual(accepted, [binding, binding]);
    assert.ok(migrating.needsReseal(plaintext));
    now = NOW + 1000;
    fails("SEAL_MALFORMED", () => migrating.openStored(plaintext, binding));
    assert.equal(accepted.length, 2);
  });

  it("covers JSON objects and arrays alone, and never a seal that does not open", () => {
    const migrating = sealerOf(material, { plaintextUntil: NOW + 1, version1Keys: [random.bytes(32)] });
    const foreign = sealerOf(generateKeyMaterial(random, clock)).seal(plaintext, binding);
    fails("SEAL_KEY_UNKNOWN", () => migrating.openStored(foreign, binding));
    fails("SEAL_MAC_FAILED", () => migrating.openStored(sealer.seal(plaintext, { ...binding, context: [] }), binding));
    fails("SEAL_MAC_FAILED", () => migrating.openStored(sealVersion1(random.bytes(32), plaintext, random), binding));
    for (const text of ["", "text", '"text"', "7", "null", "true", '{"cut":', "AQ==", "Ag=="]) {
      fails("SEAL_MALFORMED", () => migrating.openStored(text, binding));
    }
  });
});

// What a page carries comes back from visitors, who can put anything in its place. While a migration goes on, neither
// unsealed text nor version 1, which belongs to nobody in particular, may be taken from them.
describe("a migration abused by visitors", () => {
  const key = random.bytes(32);
  const migrating = sealerOf(material, { plaintextUntil: Infinity, version1Keys: [key] });

  it("opens nothing for them but what was sealed for them", () => {
    fails("SEAL_MALFORMED", () => migrating.open('{"coins":1000000}', binding));
    fails("SEAL_MALFORMED", () => migrating.open(sealVersion1(key, '{"coins":1000000}', random), binding));
    assert.equal(migrating.open(migrating.seal("theirs", binding), binding), "theirs");
  });
});
