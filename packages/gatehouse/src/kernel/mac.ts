import { hash } from "node:crypto";
import { lengthPrefixed } from "./codec.ts";

/** HMAC-SHA-256 under one key: 32 bytes for parts that are joined unambiguously, so that `("a", "bc")` and `("ab", "c")` differ. */
export type Mac = (...parts: readonly (string | Uint8Array)[]) => Uint8Array;

const BLOCK_BYTES = 64;
const DIGEST_BYTES = 32;

/**
 * Prepares a key of at most 64 bytes for HMAC-SHA-256 (RFC 2104). The two hashes of which it consists are made in one
 * step each: the streams of `createHmac`, and importing the key for each of them, cost several times as much.
 * @throws {RangeError} when the key is longer than a block of the hash.
 */
export function createMac(key: Uint8Array): Mac {
  if (key.byteLength > BLOCK_BYTES) throw new RangeError("The key of a MAC has at most 64 bytes.");
  const inner = blockOf(key, 0x36);
  const outer = Buffer.concat([blockOf(key, 0x5c), Buffer.alloc(DIGEST_BYTES)]);
  return (...parts) => {
    // "binary" is text with one character a byte, the form in which a hash is handed over fastest.
    outer.write(hash("sha256", lengthPrefixed(parts, inner), "binary"), BLOCK_BYTES, "binary");
    return Buffer.from(hash("sha256", outer, "binary"), "binary");
  };
}

function blockOf(key: Uint8Array, padding: number): Uint8Array {
  const block = new Uint8Array(BLOCK_BYTES).fill(padding);
  for (const [index, byte] of key.entries()) block[index] = byte ^ padding;
  return block;
}
