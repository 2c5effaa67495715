const VISIBLE_ASCII = /^[\x21-\x7e]{1,255}$/;
const QUOTED = /^"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*"$/;

/**
 * The key a caller sent, or `undefined` where it is malformed. Accepts 1 to 255 visible ASCII characters as
 * they are, and the string of a structured field (RFC 9651 section 3.3.3), which the Idempotency-Key draft
 * prescribes: `"8e03978e"` and `8e03978e` are one key.
 */
export function parseIdempotencyKey(text: string): string | undefined {
  const key = text.startsWith('"') ? unquote(text) : text;
  return key !== undefined && VISIBLE_ASCII.test(key) ? key : undefined;
}

function unquote(text: string): string | undefined {
  return text.length >= 2 && QUOTED.test(text) ? text.slice(1, -1).replaceAll(/\\(["\\])/g, "$1") : undefined;
}
