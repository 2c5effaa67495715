import { timingSafeEqual } from "node:crypto";
import canonicalize from "canonicalize";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** UTF-8 bytes of a text. */
export function utf8(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text);
}

/** The text of UTF-8 bytes, a byte order mark included; throws a `TypeError` on malformed input. */
export function fromUtf8(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

/** Base64url without padding (RFC 4648 section 5). */
export function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64url");
}

/** The bytes of canonical base64url text, or `undefined` where the text is anything else. */
export function fromBase64url(text: string): Uint8Array<ArrayBuffer> | undefined {
  const bytes = Buffer.from(text, "base64url");
  return bytes.toString("base64url") === text ? new Uint8Array(bytes) : undefined;
}

/** Standard base64 with padding (RFC 4648 section 4). */
export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

/** The bytes of canonical base64 text, or `undefined` where the text is anything else. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  const bytes = Buffer.from(text, "base64");
  return bytes.toString("base64") === text ? new Uint8Array(bytes) : undefined;
}

/** Compares secrets in time that depends on their lengths alone. */
export function constantTimeEqual(left: Uint8Array, right: Uint8Array): boolean {
  return left.byteLength === right.byteLength && timingSafeEqual(left, right);
}

/** The canonical JSON text of a value (RFC 8785): equal values give equal texts. */
export function canonicalJson(value: unknown): string {
  const text = canonicalize(value);
  if (text === undefined) throw new TypeError("Only JSON values have a canonical form.");
  return text;
}

const NO_HEAD = new Uint8Array(0);

/**
 * Joins parts so that no two different lists give the same bytes: each part is preceded by its
 * length as four bytes, big-endian. Texts are taken as UTF-8. For hashing and key derivation.
 * `head` is put in front of them all, as it is.
 */
export function lengthPrefixed(
  parts: readonly (string | Uint8Array)[],
  head: Uint8Array = NO_HEAD,
): Uint8Array<ArrayBuffer> {
  let total = head.byteLength;
  for (const part of parts) total += 4 + (typeof part === "string" ? Buffer.byteLength(part) : part.byteLength);
  // Every byte is written below.
  const joined = Buffer.allocUnsafe(total);
  joined.set(head);
  let offset = head.byteLength;
  for (const part of parts) {
    const start = offset + 4;
    let length: number;
    if (typeof part === "string") {
      length = joined.write(part, start);
    } else {
      joined.set(part, start);
      length = part.byteLength;
    }
    joined.writeUInt32BE(length, offset);
    offset = start + length;
  }
  return joined;
}
