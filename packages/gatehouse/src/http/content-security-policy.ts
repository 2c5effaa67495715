/** Sources a page may use besides its own origin. Each is one source expression of CSP level 3. */
export interface PolicySources {
  readonly images?: readonly string[];
  readonly media?: readonly string[];
  readonly styles?: readonly string[];
  readonly fonts?: readonly string[];
  /** `fetch`, WebSocket and event streams. */
  readonly connections?: readonly string[];
  readonly frames?: readonly string[];
  readonly workers?: readonly string[];
  readonly forms?: readonly string[];
}

/** What a policy is made from. */
export interface PolicyOptions {
  readonly sources?: PolicySources;
  /** Names of the Trusted Types policies scripts may create. Default: `gatehouse`, the live client's. */
  readonly trustedTypes?: readonly string[];
  /** Where violations are reported. Default `/csp/report`. */
  readonly reportPath?: string;
}

/** Hashes of the inline scripts and styles of a page that is cached: `sha256-...`, `sha384-...`, `sha512-...`. */
export interface PolicyHashes {
  readonly scripts?: readonly string[];
  readonly styles?: readonly string[];
}

/** Writes `Content-Security-Policy` values. */
export interface ContentSecurityPolicy {
  /** For a page made for one response: scripts and styles carry this nonce. */
  forNonce(nonce: string, tls: boolean): string;
  /** For a page that is cached or static: scripts and styles are known by hash. */
  forHashes(hashes: PolicyHashes, tls: boolean): string;
}

/** For answers that are data: nothing may be loaded, run or framed. */
export const DATA_POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/** Name of the reporting group. */
export const REPORT_GROUP = "csp";

const SOURCE = /^[^\s;,]+$/;
const HASH = /^sha(?:256|384|512)-[A-Za-z0-9+/]+={0,2}$/;
const UNSAFE = /^'unsafe-|^\*$|^https?:$|^data:$/i;

/**
 * A strict policy: nothing loads from anywhere but the own origin, and scripts only run when the page
 * vouches for them by nonce or hash (`strict-dynamic` extends that to what they load).
 * @throws {TypeError} for a source that is malformed or would void the policy.
 */
export function createContentSecurityPolicy(options: PolicyOptions = {}): ContentSecurityPolicy {
  const { sources = {}, trustedTypes = ["gatehouse"], reportPath = "/csp/report" } = options;
  const fixed = [
    ["img-src", "'self'", "data:", "blob:", ...checked(sources.images)],
    ["media-src", "'self'", "blob:", ...checked(sources.media)],
    ["font-src", "'self'", ...checked(sources.fonts)],
    ["connect-src", "'self'", ...checked(sources.connections)],
    ["frame-src", ...orNone(checked(sources.frames))],
    ["worker-src", "'self'", ...checked(sources.workers)],
    ["form-action", "'self'", ...checked(sources.forms)],
    ["manifest-src", "'self'"],
    ["object-src", "'none'"],
    ["base-uri", "'none'"],
    ["frame-ancestors", "'none'"],
    ["require-trusted-types-for", "'script'"],
    ["trusted-types", ...orNone(checked(trustedTypes))],
    ["report-uri", ...checked([reportPath])],
    ["report-to", REPORT_GROUP],
  ];
  const rest = fixed.map((directive) => directive.join(" ")).join("; ");
  const styles = ["'self'", ...checked(sources.styles)].join(" ");

  function write(scripts: string, style: string, tls: boolean): string {
    const policy = `default-src 'none'; script-src ${scripts} 'strict-dynamic'; style-src ${styles}${style}; ${rest}`;
    return tls ? `${policy}; upgrade-insecure-requests` : policy;
  }

  return {
    forNonce: (nonce, tls) => write(`'nonce-${nonce}'`, ` 'nonce-${nonce}'`, tls),
    forHashes(hashes, tls) {
      const scripts = hashes.scripts?.map(quoteHash) ?? [];
      if (scripts.length === 0)
        return write("'none'", stylesOf(hashes), tls).replace(" 'none' 'strict-dynamic'", " 'none'");
      return write(scripts.join(" "), stylesOf(hashes), tls);
    },
  };
}

function stylesOf(hashes: PolicyHashes): string {
  return (hashes.styles ?? []).map((hash) => ` ${quoteHash(hash)}`).join("");
}

function quoteHash(hash: string): string {
  if (!HASH.test(hash)) throw new TypeError(`"${hash}" is not a hash of the form sha256-<base64>.`);
  return `'${hash}'`;
}

function checked(sources: readonly string[] | undefined): readonly string[] {
  for (const source of sources ?? []) {
    if (!SOURCE.test(source)) throw new TypeError(`The policy source "${source}" is malformed.`);
    if (UNSAFE.test(source)) throw new TypeError(`The policy source ${source} would allow anything; name exact hosts.`);
  }
  return sources ?? [];
}

function orNone(sources: readonly string[]): readonly string[] {
  return sources.length === 0 ? ["'none'"] : sources;
}
