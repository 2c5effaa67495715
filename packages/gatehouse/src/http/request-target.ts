import type { Denial } from "../kernel/outcome.ts";
import { httpProblems } from "./problems.ts";
import { malformed, refuseRequest } from "./refusal.ts";

/** Default longest address, in characters. */
export const LONGEST_TARGET = 8_192;

const ENCODED_SEPARATOR = /%(?:2f|5c|00)/i;
/** Letters, digits and `-._~` by their numbers: the same to some readers as written plainly, and to others not. */
const ENCODED_UNRESERVED = /%(?:2[de]|3\d|4[1-9a-f]|5[0-9af]|6[1-9a-f]|7[0-9ae])/i;
const CONTROL = /[\x00-\x1f\x7f]/;
const DOT_SEGMENT = /(?:^|\/)(?:\.|%2e){1,2}(?:[/?#;]|$)/i;

/**
 * Checks an address that every layer must read alike: the same path must not mean one thing to a proxy or
 * router and another to the application. So characters that need no encoding must not be encoded (RFC 3986 section
 * 2.3): a router takes `/%61dmin` for `/admin`, whereas rules about prefixes, here or in a proxy, do not.
 */
export function inspectTarget(url: URL, raw: string | undefined): Denial | undefined {
  if ((raw?.length ?? 0) > LONGEST_TARGET || url.href.length > LONGEST_TARGET + 300) {
    return refuseRequest(httpProblems.URI_TOO_LONG, `An address may have ${LONGEST_TARGET} characters.`);
  }
  if (raw !== undefined && (CONTROL.test(raw) || raw.includes("\\") || DOT_SEGMENT.test(pathOf(raw)))) {
    return malformed("The address contains control characters, backslashes or dot segments.");
  }
  if (url.pathname.startsWith("//") || raw?.startsWith("//") === true) {
    return malformed("The path begins with two slashes, which browsers read as another host.");
  }
  return inspectPath(url.pathname);
}

function pathOf(target: string): string {
  const end = target.search(/[?#]/);
  return end === -1 ? target : target.slice(0, end);
}

function inspectPath(path: string): Denial | undefined {
  if (!path.includes("%")) return undefined;
  if (ENCODED_SEPARATOR.test(path)) return malformed("The path contains encoded separators.");
  if (ENCODED_UNRESERVED.test(path)) {
    return malformed("The path contains encoded characters that need no encoding: letters, digits, - . _ and ~.");
  }
  try {
    if (CONTROL.test(decodeURIComponent(path))) return malformed("The path contains control characters.");
    return undefined;
  } catch {
    return malformed("The path is not validly encoded.");
  }
}
