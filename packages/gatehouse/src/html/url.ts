/** Schemes a link or form may point to; everything else is relative or refused. */
const SCHEMES = new Set(["http", "https", "mailto", "tel"]);

/** Stands where a URL was refused: valid, leads nowhere, and is easy to search for. */
export const REFUSED_URL = "about:invalid#refused";

/** A URL vouched for by the application's author, exempt from the checks of its attribute. */
export class TrustedUrl {
  readonly text: string;
  /** Why it is safe; for reviewers. */
  readonly reason: string;
  constructor(text: string, reason: string) {
    this.text = text;
    this.reason = reason;
  }
}

/**
 * Vouches for a URL that the checks refuse: a script or frame of another origin, an own `data:` image.
 * Never pass anything a user can influence.
 * @param reason why it is safe, for whoever reviews the code
 */
export function trustedUrl(text: string, reason: string): TrustedUrl {
  if (reason.trim() === "") throw new TypeError("Say why this URL can be trusted.");
  return new TrustedUrl(text, reason);
}

/**
 * What a browser makes of the start of a URL: controls and spaces before it are skipped, tabs and line
 * breaks anywhere are dropped (WHATWG URL, basic parser).
 */
function normalise(text: string): string {
  return text.replace(/^[\0-\x20]+/, "").replace(/[\t\n\r]/g, "");
}

/** The text before the path, query or fragment: the only place where a scheme can be. */
function head(text: string): string {
  const end = text.search(/[/\\?#]/);
  return end === -1 ? text : text.slice(0, end);
}

/** The scheme of a URL in lower case, `""` for a relative one; `undefined` where it is not clear. */
export function schemeOf(text: string): string | undefined {
  const start = head(normalise(text));
  const colon = start.indexOf(":");
  if (colon === -1) return "";
  const scheme = start.slice(0, colon).toLowerCase();
  return /^[a-z][a-z0-9+.-]*$/.test(scheme) ? scheme : undefined;
}

function isAllowed(text: string): boolean {
  const scheme = schemeOf(text);
  return scheme === "" || (scheme !== undefined && SCHEMES.has(scheme));
}

/** The URL where it is relative or of an allowed scheme, `REFUSED_URL` otherwise. */
export function safeUrl(text: string): string {
  return isAllowed(text) ? text : REFUSED_URL;
}

/** The URL where it cannot leave the origin of the page, `REFUSED_URL` otherwise. */
export function sameOriginUrl(text: string): string {
  return schemeOf(text) === "" && !/^[/\\]{2}/.test(normalise(text)) ? text : REFUSED_URL;
}

/** The list where each of its URLs is allowed, the empty list otherwise. */
export function safeUrlList(text: string): string {
  return text.split(/[\s,]+/).every(isAllowed) ? text : "";
}

/**
 * A URL of fixed and variable pieces. Beyond the scheme, a fixed leading `/` keeps the origin: a
 * variable piece cannot turn it into the `//` of another host.
 */
export function joinUrl(fixed: string, text: string): string {
  const rooted = /^[/\\](?![/\\])/.test(normalise(fixed));
  if (rooted && /^[/\\]{2}/.test(normalise(text))) return REFUSED_URL;
  return text;
}
