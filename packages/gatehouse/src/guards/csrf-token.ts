import { base64url, constantTimeEqual, fromBase64url } from "../kernel/codec.ts";
import type { KeyRing } from "../kernel/key-ring.ts";
import type { Random } from "../kernel/random.ts";

/** Makes and recognises the tokens that prove a page of this application sent a request. */
export interface CsrfTokens {
  /**
   * A token for a session. Every call gives another text, and all of them stay valid until the session
   * credential changes: rotation never breaks a second tab or a retry.
   */
  issue(sessionCredential: string): string;
  /** Whether a token was issued for this session. Takes the same time whatever is wrong with it. */
  verify(token: string, sessionCredential: string): boolean;
}

/** What tokens are made from. */
export interface CsrfTokensOptions {
  readonly keyRing: KeyRing;
  readonly random: Random;
}

const PURPOSE = "csrf";
const KEY_ID_BYTES = 4;
const SECRET_BYTES = 32;
const TOKEN_BYTES = KEY_ID_BYTES + 2 * SECRET_BYTES;

/** Characters of a token. Anything else is no token and need not be decoded. */
export const CSRF_TOKEN_LENGTH = Math.ceil((TOKEN_BYTES * 4) / 3);

/**
 * Tokens are `[key id 4][mask 32][mask XOR secret 32]` in base64url; the secret is HMAC-SHA-256 of the
 * session credential under the ring's purpose `csrf`. The random mask makes every text different, so
 * that compressed responses do not leak the secret piece by piece (BREACH). After a key rotation the
 * tokens in open pages stay valid for as long as the old version is in the ring.
 */
export function createCsrfTokens({ keyRing, random }: CsrfTokensOptions): CsrfTokens {
  return {
    issue(sessionCredential) {
      const key = keyRing.current(PURPOSE);
      const token = new Uint8Array(TOKEN_BYTES);
      token.set(Buffer.from(key.id, "hex"));
      token.set(random.bytes(SECRET_BYTES), KEY_ID_BYTES);
      const masked = token.subarray(KEY_ID_BYTES + SECRET_BYTES);
      masked.set(key.mac(sessionCredential));
      applyMask(masked, token.subarray(KEY_ID_BYTES));
      return base64url(token);
    },
    verify(token, sessionCredential) {
      const bytes = token.length === CSRF_TOKEN_LENGTH ? fromBase64url(token) : undefined;
      if (bytes?.length !== TOKEN_BYTES) return false;
      const key = keyRing.find(PURPOSE, Buffer.from(bytes.subarray(0, KEY_ID_BYTES)).toString("hex"));
      if (key === undefined) return false;
      const secret = bytes.subarray(KEY_ID_BYTES + SECRET_BYTES);
      applyMask(secret, bytes.subarray(KEY_ID_BYTES));
      return constantTimeEqual(secret, key.mac(sessionCredential));
    },
  };
}

function applyMask(bytes: Uint8Array, mask: Uint8Array): void {
  for (let index = 0; index < bytes.length; index += 1) bytes[index] = (bytes[index] ?? 0) ^ (mask[index] ?? 0);
}
