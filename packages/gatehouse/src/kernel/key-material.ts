import { hkdfSync } from "node:crypto";
import type { Clock } from "./clock.ts";
import { base64url, fromBase64url, utf8 } from "./codec.ts";
import type { Random } from "./random.ts";

const SECRET_BYTES = 32;
const KEY_ID_BYTES = 4;
const FORMAT = "gatehouse-keys";
const FORMAT_VERSION = 1;
const DAY = 86_400_000;

/** How long a retired version must have rested before it may be removed: 90 days in milliseconds. */
export const MINIMUM_RETIRED_AGE = 90 * DAY;

/** One version of the root secret. */
export interface KeyVersion {
  /** Counts from 1; the highest is current, or will be. */
  readonly version: number;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  /** Epoch milliseconds from which the next version is used in its place, which may be to come; absent in the newest. */
  readonly retiredAt?: number;
  /** 32 bytes. Subkeys are derived from it; it is never used itself. */
  readonly secret: Uint8Array;
}

/**
 * Everything a key ring is made from: the content of a key file.
 *
 * The anchor is a secret of its own that no rotation touches. Look-up hashes (of session cookies,
 * idempotency keys, limiter subjects) are computed under it, because a row that is found by a hash
 * is lost the moment the hash changes. What this costs: whoever learns the anchor can check guesses
 * against stored hashes for as long as the rows live. It opens no sealed data and forges no token,
 * since those hang on the versions.
 */
export interface KeyMaterial {
  /** 32 bytes. */
  readonly anchor: Uint8Array;
  /** Ascending by version; the last one is current once those before it are retired. */
  readonly versions: readonly KeyVersion[];
}

/** What may be shown about a version. */
export interface KeyVersionDescription {
  readonly version: number;
  /** The eight hexadecimal digits that sealed data carries. */
  readonly id: string;
  readonly state: "next" | "current" | "retired";
  /** Epoch milliseconds. */
  readonly createdAt: number;
  readonly retiredAt?: number;
}

/** Key material that is malformed, or a change to it that is not allowed. Never contains secret bytes. */
export class KeyMaterialError extends Error {
  override readonly name = "KeyMaterialError";
}

/** New material with one version. */
export function generateKeyMaterial(random: Random, clock: Clock): KeyMaterial {
  const secret = random.bytes(SECRET_BYTES);
  return { anchor: random.bytes(SECRET_BYTES), versions: [{ version: 1, createdAt: clock.now(), secret }] };
}

/** How a version is added. */
export interface KeyStaging {
  readonly random: Random;
  readonly clock: Clock;
  /** Milliseconds until the new version is used. */
  readonly delay: number;
}

/** Adds a version and makes it current. The replaced one stays, so that what it sealed can still be opened. */
export function rotateKeyMaterial(material: KeyMaterial, random: Random, clock: Clock): KeyMaterial {
  return stageKeyMaterial(material, { random, clock, delay: 0 });
}

/**
 * Adds a version that becomes current after a while. Until then every process that shares the keys can be given it:
 * none will meet what it does not know. A rotation that was under way ends with this one at the latest.
 */
export function stageKeyMaterial(material: KeyMaterial, { random, clock, delay }: KeyStaging): KeyMaterial {
  const taken = new Set(material.versions.map((version) => keyId(version.secret)));
  let secret = random.bytes(SECRET_BYTES);
  while (taken.has(keyId(secret))) secret = random.bytes(SECRET_BYTES);
  const now = clock.now();
  const from = now + delay;
  const versions = material.versions.map((version) => ({
    ...version,
    retiredAt: Math.min(version.retiredAt ?? from, from),
  }));
  const version = newestVersion(material).version + 1;
  return { anchor: material.anchor, versions: [...versions, { version, createdAt: now, secret }] };
}

/** What to remove, and how long it must have rested. */
export interface KeyRemoval {
  readonly clock: Clock;
  /** Milliseconds since retirement. Default `MINIMUM_RETIRED_AGE`. */
  readonly minimumAge?: number;
  /** The versions to remove; all that have rested long enough when absent. */
  readonly versions?: readonly number[];
}

/**
 * Removes retired versions. What they sealed can never be opened again.
 * @throws {KeyMaterialError} when a version asked for is current, unknown or was retired too recently.
 */
export function removeRetiredKeys(material: KeyMaterial, removal: KeyRemoval): KeyMaterial {
  const { clock, minimumAge = MINIMUM_RETIRED_AGE, versions: asked } = removal;
  const now = clock.now();
  const rested = ({ retiredAt }: KeyVersion): boolean => retiredAt !== undefined && now - retiredAt >= minimumAge;
  for (const number of asked ?? []) {
    const version = material.versions.find((candidate) => candidate.version === number);
    if (version === undefined) throw new KeyMaterialError(`There is no key version ${number}.`);
    if (version.retiredAt === undefined || version.retiredAt > now) {
      throw new KeyMaterialError(`Key version ${number} is current. Rotate first, and remove it once it has rested.`);
    }
    if (!rested(version)) {
      const wait = Math.ceil((version.retiredAt + minimumAge - now) / DAY);
      throw new KeyMaterialError(`Key version ${number} was retired too recently; it may be removed in ${wait} days.`);
    }
  }
  const removed = (version: KeyVersion): boolean =>
    asked === undefined ? rested(version) : asked.includes(version.version);
  return { anchor: material.anchor, versions: material.versions.filter((version) => !removed(version)) };
}

/** The versions, newest first, without secrets. `now` tells a version that is to come; without it there is none. */
export function describeKeyMaterial(material: KeyMaterial, now = Infinity): readonly KeyVersionDescription[] {
  const current = currentVersion(material, now).version;
  return material.versions
    .map(({ version, createdAt, retiredAt, secret }): KeyVersionDescription => {
      const state = version === current ? "current" : version < current ? "retired" : "next";
      return { version, id: keyId(secret), state, createdAt, ...(retiredAt === undefined ? {} : { retiredAt }) };
    })
    .reverse();
}

/** The version to make new things with at a time, in epoch milliseconds: the oldest that is not retired. */
export function currentVersion(material: KeyMaterial, now: number): KeyVersion {
  return (
    material.versions.find(({ retiredAt }) => retiredAt === undefined || retiredAt > now) ?? newestVersion(material)
  );
}

/** The text of a key file: JSON, secrets in base64url. */
export function formatKeyMaterial(material: KeyMaterial): string {
  const versions = material.versions.map(({ version, createdAt, retiredAt, secret }) => ({
    version,
    createdAt,
    ...(retiredAt === undefined ? {} : { retiredAt }),
    secret: base64url(secret),
  }));
  const content = { format: FORMAT, formatVersion: FORMAT_VERSION, anchor: base64url(material.anchor), versions };
  return `${JSON.stringify(content, undefined, 2)}\n`;
}

/**
 * The material in a key file's text.
 * @throws {KeyMaterialError} when the text is anything but complete, consistent material.
 */
export function parseKeyMaterial(text: string): KeyMaterial {
  const content = parseObject(text);
  if (content["format"] !== FORMAT) throw new KeyMaterialError(`The key material is not of the format "${FORMAT}".`);
  if (content["formatVersion"] !== FORMAT_VERSION) {
    throw new KeyMaterialError(`The key material has a format version other than ${FORMAT_VERSION}.`);
  }
  const list = content["versions"];
  if (!Array.isArray(list)) throw new KeyMaterialError("The key material lists no versions.");
  const material = { anchor: readSecret(content["anchor"], "The anchor"), versions: list.map(readVersion) };
  checkKeyMaterial(material);
  return material;
}

/**
 * Refuses material that contradicts itself: wrong lengths, no or several current versions, versions
 * out of order, equal secrets or key ids.
 * @throws {KeyMaterialError}
 */
export function checkKeyMaterial({ anchor, versions }: KeyMaterial): void {
  if (anchor.byteLength !== SECRET_BYTES) throw new KeyMaterialError("The anchor is not 32 bytes long.");
  const ids = new Set<string>();
  let previous = 0;
  for (const [index, { version, retiredAt, secret }] of versions.entries()) {
    if (secret.byteLength !== SECRET_BYTES) throw new KeyMaterialError(`Key version ${version} is not 32 bytes long.`);
    if (version <= previous) throw new KeyMaterialError("The key versions are not in ascending order.");
    const last = index === versions.length - 1;
    if (last !== (retiredAt === undefined))
      throw new KeyMaterialError("Exactly the newest key version must be current.");
    previous = version;
    ids.add(keyId(secret));
  }
  if (versions.length === 0) throw new KeyMaterialError("The key material has no version.");
  if (ids.size !== versions.length) throw new KeyMaterialError("Two key versions have the same key id.");
}

function newestVersion({ versions }: KeyMaterial): KeyVersion {
  const newest = versions.at(-1);
  if (newest === undefined) throw new KeyMaterialError("The key material has no version.");
  return newest;
}

/** Eight hexadecimal digits that name a version. One-way: they say nothing about the secret. */
export function keyId(secret: Uint8Array): string {
  return Buffer.from(hkdf(secret, "key-id", KEY_ID_BYTES)).toString("hex");
}

/** HKDF-SHA-256 (RFC 5869) of a root secret; `label` separates the uses of one secret. */
export function hkdf(secret: Uint8Array, label: string, length = SECRET_BYTES): Uint8Array<ArrayBuffer> {
  return new Uint8Array(hkdfSync("sha256", secret, NO_SALT, utf8(`gatehouse/1/${label}`), length));
}

// The input secrets are uniformly random, so that a salt adds nothing (RFC 5869 section 3.1).
const NO_SALT = new Uint8Array(0);

function parseObject(text: string): Record<string, unknown> {
  try {
    return asRecord(JSON.parse(text));
  } catch {
    // The parser's message quotes the text, which is secret.
    throw new KeyMaterialError("The key material is not a JSON object.");
  }
}

function asRecord(value: unknown): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new KeyMaterialError("Not an object.");
  // Any other object has string keys and unknown values.
  return value as Record<string, unknown>;
}

function readVersion(value: unknown, index: number): KeyVersion {
  const name = `Entry ${index + 1} of the key versions`;
  if (typeof value !== "object" || value === null) throw new KeyMaterialError(`${name} is not an object.`);
  const entry = asRecord(value);
  const version = readInteger(entry["version"], `${name}: version`);
  const createdAt = readInteger(entry["createdAt"], `${name}: createdAt`);
  const secret = readSecret(entry["secret"], `${name}: secret`);
  if (entry["retiredAt"] === undefined) return { version, createdAt, secret };
  return { version, createdAt, retiredAt: readInteger(entry["retiredAt"], `${name}: retiredAt`), secret };
}

function readInteger(value: unknown, name: string): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw new KeyMaterialError(`${name} is not a whole number.`);
}

function readSecret(value: unknown, name: string): Uint8Array {
  const bytes = typeof value === "string" ? fromBase64url(value) : undefined;
  if (bytes?.byteLength === SECRET_BYTES) return bytes;
  throw new KeyMaterialError(`${name} is not 32 bytes in base64url.`);
}
