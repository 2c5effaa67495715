/** What a `Cookie` header holds. */
export interface CookieHeader {
  readonly cookies: ReadonlyMap<string, string>;
  /** Names that occurred more than once; their first value counts. */
  readonly repeated: ReadonlySet<string>;
}

const MOST_COOKIES = 64;
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const NO_COOKIES: CookieHeader = { cookies: new Map(), repeated: new Set() };

/**
 * Parses a `Cookie` header (RFC 6265 section 5.4) without decoding anything. At most 64 cookies are kept,
 * so that a neighbouring site on the same domain that sets hundreds costs nothing; the one named
 * `wanted` is kept wherever it stands, so that it cannot push ours out either. Malformed pairs are skipped.
 */
export function parseCookieHeader(header: string | null, wanted: string): CookieHeader {
  if (header === null || header === "") return NO_COOKIES;
  const cookies = new Map<string, string>();
  const repeated = new Set<string>();
  for (const pair of header.split(";")) {
    const separator = pair.indexOf("=");
    if (separator < 1) continue;
    const name = pair.slice(0, separator).trim();
    if (!NAME.test(name)) continue;
    if (cookies.has(name)) repeated.add(name);
    else if (cookies.size < MOST_COOKIES || name === wanted) cookies.set(name, unquote(pair.slice(separator + 1)));
  }
  return { cookies, repeated };
}

function unquote(text: string): string {
  const value = text.trim();
  return value.length >= 2 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
}
