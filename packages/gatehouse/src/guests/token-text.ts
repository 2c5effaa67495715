import { crc32 } from "node:zlib";
import { utf8 } from "../kernel/codec.ts";
import type { KeyRing, SubKey } from "../kernel/key-ring.ts";
import type { StoredJoinText } from "../kernel/ports/join-tokens.ts";
import type { Random } from "../kernel/random.ts";

/** What the texts of all join tokens begin with: it tells scanners for leaked secrets what they have found. */
const PREFIX = "gj_";
/** 160 bits. */
const SECRET_BYTES = 20;
const SECRET_DIGITS = 27;
const CHECK_DIGITS = 6;
const HINT_LENGTH = 4;
const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const FORM = new RegExp(`^${PREFIX}[0-9A-Za-z]{${SECRET_DIGITS + CHECK_DIGITS}}$`);
const HASH = "join-token.hash";
const DERIVE = "join-token.derive";

/** What is stored of a text: nothing it can be told from. */
export type HashedText = Pick<StoredJoinText, "hash" | "keyId" | "hint">;

/** A text that nobody can foresee. */
export function randomText(random: Random): string {
  return textOf(random.bytes(SECRET_BYTES));
}

/** The text of a derived token: the same for the same key, token and issue. */
export function derivedText(key: SubKey, token: string, issue: number): string {
  return textOf(key.mac(token, String(issue)).subarray(0, SECRET_BYTES));
}

/** The key that new derived texts are made with. */
export function derivingKey(keyRing: KeyRing): SubKey {
  return keyRing.current(DERIVE);
}

/** The text of a token that was derived before; `undefined` where the key it was made with is in the ring no more. */
export function derivedAgain(
  keyRing: KeyRing,
  { keyId, token, issue }: Pick<StoredJoinText, "keyId" | "token" | "issue">,
): string | undefined {
  const key = keyRing.find(DERIVE, keyId);
  return key === undefined ? undefined : derivedText(key, token, issue);
}

/** Whether a text can be that of a token: its checksum is right. Nobody needs to look for one that was mistyped. */
export function isTokenText(text: string): boolean {
  if (!FORM.test(text)) return false;
  const end = PREFIX.length + SECRET_DIGITS;
  return text.slice(end) === checksum(text.slice(0, end));
}

/** What is stored of a text, under the newest key. */
export function hashText(keyRing: KeyRing, tenant: string, text: string): HashedText {
  const key = keyRing.current(HASH);
  return { hash: hashUnder(key, tenant, text), keyId: key.id, hint: text.slice(-HINT_LENGTH) };
}

/** What may be stored of a text: one hash for each version of the keys, the newest first. */
export function possibleHashes(keyRing: KeyRing, tenant: string, text: string): readonly string[] {
  return keyRing.all(HASH).map((key) => hashUnder(key, tenant, text));
}

function hashUnder(key: SubKey, tenant: string, text: string): string {
  return Buffer.from(key.mac(tenant, text)).toString("base64url");
}

function textOf(secret: Uint8Array): string {
  const head = PREFIX + base62(BigInt(`0x${Buffer.from(secret).toString("hex")}`), SECRET_DIGITS);
  return head + checksum(head);
}

/** CRC-32 as in zlib: enough against slips of fingers and cameras, and no secret. */
function checksum(text: string): string {
  return base62(BigInt(crc32(utf8(text))), CHECK_DIGITS);
}

function base62(value: bigint, length: number): string {
  let digits = "";
  for (let rest = value; rest > 0n; rest /= 62n) digits = DIGITS.charAt(Number(rest % 62n)) + digits;
  return digits.padStart(length, DIGITS.charAt(0));
}
