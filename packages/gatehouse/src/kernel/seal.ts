import { secretbox } from "@noble/ciphers/salsa.js";
import type { Clock } from "./clock.ts";
import { base64, fromBase64, fromUtf8, utf8 } from "./codec.ts";
import type { KeyRing } from "./key-ring.ts";
import type { Random } from "./random.ts";

/** Why something could not be opened. */
export type SealErrorCode =
  /** Not sealed text of a known version: damaged, cut off, or plaintext where none is accepted. */
  | "SEAL_MALFORMED"
  /** Sealed under a key version that is not in the ring. */
  | "SEAL_KEY_UNKNOWN"
  /** Altered, sealed under another key, or sealed for another purpose or context. */
  | "SEAL_MAC_FAILED";

const MESSAGES: Readonly<Record<SealErrorCode, string>> = {
  SEAL_MALFORMED: "The data is not sealed in a known format.",
  SEAL_KEY_UNKNOWN: "The data is sealed under an unknown key.",
  SEAL_MAC_FAILED: "MAC verification failed.",
};

/** Sealed data could not be opened. Carries the code alone: neither data nor keys. */
export class SealError extends Error {
  override readonly name = "SealError";
  readonly code: SealErrorCode;
  constructor(code: SealErrorCode) {
    super(MESSAGES[code]);
    this.code = code;
  }
}

/** What sealed data belongs to. It opens under an equal binding alone. */
export interface SealBinding {
  /** What kind of data it is, a constant of the code: `live-state`, `idempotency-result`. */
  readonly purpose: string;
  /** Whose it is: tenant, component, session, and so on, always in the same order. */
  readonly context: readonly string[];
}

/** Seals texts so that they can be stored or handed out, and neither read nor altered nor moved elsewhere. */
export interface Sealer {
  /**
   * Sealed text, standard base64, format version 2.
   * @throws {TypeError} when the text has lone surrogates, which UTF-8 cannot carry.
   */
  seal(plaintext: string, binding: SealBinding): string;
  /**
   * Opens what was sealed for this binding, whoever has had it in hand meanwhile.
   * @throws {SealError}
   */
  open(sealed: string, binding: SealBinding): string;
  /**
   * Opens what comes from our own store: during a migration also version 1, which knows no binding, and unsealed text.
   * Never for what visitors hand in, who could make up either.
   * @throws {SealError}
   */
  openStored(sealed: string, binding: SealBinding): string;
  /** Whether the text should be sealed anew: not version 2, or not under the current key. */
  needsReseal(sealed: string): boolean;
}

/** What a sealer works with. */
export interface SealerOptions {
  readonly keyRing: KeyRing;
  readonly random: Random;
  readonly clock: Clock;
  /** Keys of 32 bytes that version 1 data in the store was sealed under, newest first. Default: version 1 is refused. */
  readonly version1Keys?: readonly Uint8Array[];
  /**
   * Epoch milliseconds until which unsealed JSON objects and arrays are accepted from the store, for migrating it.
   * Default: never. Whoever can write to the store can bypass sealing until then.
   */
  readonly plaintextUntil?: number;
  /** Called whenever unsealed data was accepted (the event `crypt_plaintext_accepted`). */
  readonly onPlaintextAccepted?: (binding: SealBinding) => void;
}

const KEY_BYTES = 32;
const NONCE_BYTES = 24;
const MAC_BYTES = 16;
const KEY_ID_BYTES = 4;
const VERSION_1_HEADER = 1 + NONCE_BYTES;
const VERSION_2_HEADER = 1 + KEY_ID_BYTES + NONCE_BYTES;

/**
 * A sealer. Format version 2 is `[2][key id 4][nonce 24][XSalsa20-Poly1305 box]` in base64.
 *
 * The box has no room for associated data, so the binding goes into the key: the key of a box is
 * HMAC-SHA-256, under the subkey of the purpose, over the length-prefixed context. The other way would be
 * to put the context into the plaintext and compare it after opening. That makes every box longer, needs
 * a hash as well unless the context is stored whole, and leaves a moment at which data of a foreign
 * context lies opened, guarded by one comparison. A derived key fails in the MAC itself, and gives each
 * context its own nonce space. It costs one HMAC per operation, a few microseconds; `bench/seal` measures it.
 * Key id and version need no authentication of their own: altering them selects another key or layout,
 * under which the MAC fails. The length of the plaintext is not hidden.
 */
export function createSealer(options: SealerOptions): Sealer {
  const { keyRing, random, clock, version1Keys = [], plaintextUntil = 0, onPlaintextAccepted } = options;
  version1Keys.forEach(checkKey);

  function openVersion2(bytes: Uint8Array, binding: SealBinding): string {
    const key = keyRing.find(purposeOf(binding), keyIdOf(bytes));
    if (key === undefined) throw new SealError("SEAL_KEY_UNKNOWN");
    return openBox(key.mac(...binding.context), bytes, 1 + KEY_ID_BYTES);
  }

  function openOtherwise(text: string, binding: SealBinding): string {
    if (clock.now() >= plaintextUntil || !isPlaintextState(text)) throw new SealError("SEAL_MALFORMED");
    onPlaintextAccepted?.(binding);
    return text;
  }

  return {
    seal(plaintext, binding) {
      const key = keyRing.current(purposeOf(binding));
      const header = new Uint8Array(VERSION_2_HEADER);
      header[0] = 2;
      header.set(Buffer.from(key.id, "hex"), 1);
      header.set(random.bytes(NONCE_BYTES), 1 + KEY_ID_BYTES);
      return sealBox(key.mac(...binding.context), header, plaintext);
    },
    open(sealed, binding) {
      const bytes = fromBase64(sealed);
      if (bytes === undefined || formatOf(bytes) !== 2) throw new SealError("SEAL_MALFORMED");
      return openVersion2(bytes, binding);
    },
    openStored(sealed, binding) {
      const bytes = fromBase64(sealed);
      switch (formatOf(bytes)) {
        case 1:
          return openVersion1WithAny(version1Keys, sealed);
        case 2:
          // `formatOf` found a version in the bytes, so there are bytes.
          return openVersion2(bytes as Uint8Array, binding);
        default:
          return openOtherwise(sealed, binding);
      }
    },
    needsReseal(sealed) {
      const bytes = fromBase64(sealed);
      if (bytes === undefined || formatOf(bytes) !== 2) return true;
      return keyIdOf(bytes) !== keyRing.current(PROBE_PURPOSE).id;
    },
  };
}

// Key ids name versions whatever the purpose, so that any purpose tells which is current.
const PROBE_PURPOSE = "seal";

/**
 * Seals in format version 1: `[1][nonce 24][box]` in base64, the layout of libsodium's
 * `crypto_secretbox_easy` behind a version byte. It binds no context: prefer a `Sealer`.
 * @throws {TypeError} when the text has lone surrogates or the key is not 32 bytes long.
 */
export function sealVersion1(key: Uint8Array, plaintext: string, random: Random): string {
  checkKey(key);
  const header = new Uint8Array(VERSION_1_HEADER);
  header[0] = 1;
  header.set(random.bytes(NONCE_BYTES), 1);
  return sealBox(key, header, plaintext);
}

/**
 * Opens format version 1.
 * @throws {SealError}
 * @throws {TypeError} when the key is not 32 bytes long.
 */
export function openVersion1(key: Uint8Array, sealed: string): string {
  checkKey(key);
  const bytes = fromBase64(sealed);
  if (bytes === undefined || formatOf(bytes) !== 1) throw new SealError("SEAL_MALFORMED");
  return openBox(key, bytes, 1);
}

function openVersion1WithAny(keys: readonly Uint8Array[], sealed: string): string {
  if (keys.length === 0) throw new SealError("SEAL_KEY_UNKNOWN");
  for (const key of keys) {
    try {
      return openVersion1(key, sealed);
    } catch (error) {
      if (!(error instanceof SealError)) throw error;
    }
  }
  throw new SealError("SEAL_MAC_FAILED");
}

function checkKey(key: Uint8Array): void {
  if (key.byteLength !== KEY_BYTES) throw new TypeError("A sealing key is 32 bytes long.");
}

function purposeOf(binding: SealBinding): string {
  return `seal.${binding.purpose}`;
}

function keyIdOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + 1, KEY_ID_BYTES).toString("hex");
}

/** The version of sealed bytes, by their first byte and least length; `undefined` where they are not sealed. */
function formatOf(bytes: Uint8Array | undefined): 1 | 2 | undefined {
  if (bytes === undefined) return undefined;
  if (bytes[0] === 1 && bytes.length >= VERSION_1_HEADER + MAC_BYTES) return 1;
  if (bytes[0] === 2 && bytes.length >= VERSION_2_HEADER + MAC_BYTES) return 2;
  return undefined;
}

/** Header, then the box under the nonce at the header's end; as base64. */
function sealBox(key: Uint8Array, header: Uint8Array, plaintext: string): string {
  if (!plaintext.isWellFormed()) throw new TypeError("A text with lone surrogates cannot be sealed.");
  const box = secretbox(key, header.subarray(-NONCE_BYTES)).seal(utf8(plaintext));
  const sealed = new Uint8Array(header.length + box.length);
  sealed.set(header);
  sealed.set(box, header.length);
  return base64(sealed);
}

function openBox(key: Uint8Array, bytes: Uint8Array, nonceAt: number): string {
  const boxAt = nonceAt + NONCE_BYTES;
  let plaintext: Uint8Array;
  try {
    plaintext = secretbox(key, bytes.subarray(nonceAt, boxAt)).open(bytes.subarray(boxAt));
  } catch {
    throw new SealError("SEAL_MAC_FAILED");
  }
  try {
    return fromUtf8(plaintext);
  } catch {
    throw new SealError("SEAL_MALFORMED");
  }
}

/**
 * Whether a text is unsealed state: a JSON object or array. Sealed data begins with the letter A in
 * either version, so that a damaged seal never passes for it.
 */
function isPlaintextState(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null;
  } catch {
    return false;
  }
}
