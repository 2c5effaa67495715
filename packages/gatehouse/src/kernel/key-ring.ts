import { base64url, constantTimeEqual } from "./codec.ts";
import type { Clock } from "./clock.ts";
import { checkKeyMaterial, currentVersion, hkdf, keyId, KeyMaterialError, type KeyMaterial } from "./key-material.ts";
import { createMac, type Mac } from "./mac.ts";
import { Memo } from "./memo.ts";

/** A key for one purpose, derived from one version of the root secret. */
export interface SubKey {
  /** Eight hexadecimal digits naming the version; carried by what the key made. */
  readonly id: string;
  readonly version: number;
  /** 32 bytes. Must not be changed. */
  readonly bytes: Uint8Array;
  /** HMAC-SHA-256 under this key. */
  readonly mac: Mac;
}

/**
 * Keys by purpose. A purpose is a constant of the code, such as `csrf` or `seal.live-state`: 1 to 128
 * visible ASCII characters, never made from data, since the keys of every purpose stay in memory.
 */
export interface KeyRing {
  /** The key to make new things with: of the newest version whose time has come. */
  current(purpose: string): SubKey;
  /** The keys to recognise existing things with, newest first. */
  all(purpose: string): readonly SubKey[];
  /** The key of one version, or `undefined` when it is not, or no longer, in the ring. */
  find(purpose: string, id: string): SubKey | undefined;
  /**
   * HMAC-SHA-256 under a key that never rotates, cut to 16 bytes, base64url: look-up hashes, limiter keys,
   * fingerprints in logs. The parts are joined unambiguously: `("a", "bc")` and `("ab", "c")` differ.
   */
  fingerprint(purpose: string, ...parts: (string | Uint8Array)[]): string;
}

/** A ring whose material can be exchanged while it is in use: after a rotation, without a restart. */
export interface ReplaceableKeyRing extends KeyRing {
  /**
   * Takes over rotated material.
   * @throws {KeyMaterialError} when it is malformed or has another anchor, which would orphan every look-up hash.
   */
  replace(material: KeyMaterial): void;
}

const PURPOSE = /^[\x21-\x7e]{1,128}$/;
const FINGERPRINT_BYTES = 16;

/**
 * A ring over material. With a clock, a version that is to come later is recognised at once and used when its time has
 * come; without one the newest is used.
 * @throws {KeyMaterialError} when the material contradicts itself.
 */
export function createKeyRing(material: KeyMaterial, clock?: Pick<Clock, "now">): KeyRing {
  checkKeyMaterial(material);
  const newest = material.versions.at(-1)?.version;
  let current = clock === undefined ? newest : undefined;
  const versions = material.versions.map((version) => ({ ...version, id: keyId(version.secret) })).reverse();
  const derived = new Map<string, PurposeKeys>();
  const anchors = new Map<string, Mac>();

  function keysFor(purpose: string): PurposeKeys {
    const known = derived.get(purpose);
    if (known !== undefined) return known;
    checkPurpose(purpose);
    const all = versions.map(({ id, version, secret }) => {
      const bytes = hkdf(secret, `subkey/${purpose}`);
      return Object.freeze({ id, version, bytes, mac: createMac(bytes) });
    });
    const keys = { all: Object.freeze(all), byId: new Map(all.map((key) => [key.id, key])) };
    derived.set(purpose, keys);
    return keys;
  }

  function anchorFor(purpose: string): Mac {
    const known = anchors.get(purpose);
    if (known !== undefined) return known;
    checkPurpose(purpose);
    const mac = createMac(hkdf(material.anchor, `fingerprint/${purpose}`));
    anchors.set(purpose, mac);
    return mac;
  }

  /** Asks the clock only while a version is to come. */
  function currentNow(): number | undefined {
    if (current === newest || clock === undefined) return current;
    return (current = currentVersion(material, clock.now()).version);
  }

  return {
    current(purpose) {
      const { all } = keysFor(purpose);
      const version = currentNow();
      const key = all[0]?.version === version ? all[0] : all.find((candidate) => candidate.version === version);
      if (key === undefined) throw new KeyMaterialError("The key material has no version.");
      return key;
    },
    all: (purpose) => keysFor(purpose).all,
    find: (purpose, id) => keysFor(purpose).byId.get(id),
    fingerprint: (purpose, ...parts) => base64url(anchorFor(purpose)(...parts).subarray(0, FINGERPRINT_BYTES)),
  };
}

interface PurposeKeys {
  readonly all: readonly SubKey[];
  readonly byId: ReadonlyMap<string, SubKey>;
}

function checkPurpose(purpose: string): void {
  if (!PURPOSE.test(purpose)) throw new TypeError("A key purpose is 1 to 128 visible ASCII characters.");
}

/**
 * A ring that can take over rotated material. The clock is as for {@link createKeyRing}.
 * @throws {KeyMaterialError} when the material contradicts itself.
 */
export function createReplaceableKeyRing(material: KeyMaterial, clock?: Pick<Clock, "now">): ReplaceableKeyRing {
  let ring = createKeyRing(material, clock);
  return {
    current: (purpose) => ring.current(purpose),
    all: (purpose) => ring.all(purpose),
    find: (purpose, id) => ring.find(purpose, id),
    fingerprint: (purpose, ...parts) => ring.fingerprint(purpose, ...parts),
    replace(next) {
      if (!constantTimeEqual(next.anchor, material.anchor)) {
        throw new KeyMaterialError("The new key material has another anchor; stored look-up hashes would be lost.");
      }
      ring = createKeyRing(next, clock);
    },
  };
}

/**
 * Fingerprints of what comes again and again, such as who is counted or whose session it is: each is worked out once
 * while it is remembered. The texts stay in memory for `capacity` of them.
 */
export function rememberedFingerprint(
  keyRing: Pick<KeyRing, "fingerprint">,
  purpose: string,
  capacity: number,
): (...parts: readonly string[]) => string {
  const known = new Memo<string>(capacity);
  return (...parts) => {
    let text = "";
    for (const part of parts) text += `${part.length}:${part}`;
    const before = known.get(text);
    if (before !== undefined) return before;
    const fingerprint = keyRing.fingerprint(purpose, ...parts);
    known.set(text, fingerprint);
    return fingerprint;
  };
}
