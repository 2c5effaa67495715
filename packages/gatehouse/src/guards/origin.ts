import { tokenDemandOf, type AnyAction } from "../kernel/action.ts";
import type { Entrance, Provenance } from "../kernel/attempt.ts";
import { events } from "../kernel/events.ts";
import type { Guard, Passage } from "../kernel/guard.ts";
import { deny, type Denial } from "../kernel/outcome.ts";
import { problems } from "../kernel/problems.ts";

/** The evidence a browser gave: `Provenance` of the kind `browser`. */
export type BrowserProvenance = Extract<Provenance, { readonly kind: "browser" }>;

/** What a browser's headers say about the page a request came from. */
export type OriginVerdict =
  /** A page of this application. */
  | "own"
  /** A page of an origin the operator trusts. */
  | "trusted"
  /** The headers say nothing: an old browser, plain HTTP, or no browser at all. */
  | "unproven"
  /** Somebody else's page. */
  | "foreign";

/** Which origins count besides the own one. */
export interface OriginOptions {
  /**
   * Other origins whose pages may act with the user's cookies: exact, with scheme and port,
   * `https://shop.example`. Default: none.
   */
  readonly trustedOrigins?: readonly string[];
}

/** Judges the origin of a browser's request. */
export type JudgeOrigin = (provenance: BrowserProvenance) => OriginVerdict;

/**
 * The rules of Fetch Metadata, with the `Origin` header where it is missing.
 *
 * `Sec-Fetch-Site` decides, since pages can neither set nor suppress it:
 * - `same-origin` is a page of this application;
 * - `same-site`, `cross-site` and anything unknown are foreign, unless the origin is trusted. Another
 *   port or subdomain is `same-site` and hence foreign;
 * - `none` (typed, bookmarked) or absent (plain HTTP, old browsers) leaves it to `Origin`: equal to the
 *   address of the request or trusted is fine, another one is foreign, an absent one proves nothing.
 *
 * An opaque origin (`Origin: null`: sandboxed frames, cross-origin redirects, pages with the referrer
 * policy `no-referrer`) is always foreign.
 * @throws {TypeError} when a trusted origin is not written as browsers send it.
 */
export function createOriginRules({ trustedOrigins = [] }: OriginOptions): JudgeOrigin {
  const trusted = new Set(trustedOrigins);
  for (const origin of trusted) checkOrigin(origin);
  return ({ origin, fetchSite, target }) => {
    if (origin === "null") return "foreign";
    if (fetchSite === "same-origin") return "own";
    if (origin !== undefined && trusted.has(origin)) return "trusted";
    if (fetchSite !== undefined && fetchSite !== "none") return "foreign";
    if (origin === undefined) return "unproven";
    return origin === target ? "own" : "foreign";
  };
}

/** Whether a text is an http or https origin exactly as browsers write it. */
export function isOrigin(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && url.origin === text && (url.protocol === "https:" || url.protocol === "http:");
}

function checkOrigin(origin: string): void {
  if (isOrigin(origin)) return;
  const url = URL.parse(origin);
  const hint = url === null || url.origin === "null" ? "" : ` Did you mean "${url.origin}"?`;
  throw new TypeError(`The trusted origin "${origin}" is not of the form https://host or https://host:port.${hint}`);
}

const SAFE_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * Entrances no browser speaks to, and that of the OAuth protocol, which is spoken between sites: it has its own proofs
 * of who has begun what (registered redirect addresses, state, PKCE), and its pages are forms of the http entrance.
 */
const ACROSS_SITES: ReadonlySet<Entrance> = new Set<Entrance>(["webhook", "job", "oauth"]);

/**
 * Refuses what a foreign page made a browser send with its user's cookies: cross-site request forgery,
 * cross-site WebSocket hijacking, and event streams read from elsewhere. It looks at every unsafe method,
 * every mutation whatever its method, and everything at the live and realtime entrances, upgrades and
 * streams being GET requests. Requests that prove nothing are left to the CSRF guard, which demands a token.
 */
export function originGuard(options: OriginOptions): Guard {
  const judge = createOriginRules(options);
  return {
    name: "origin",
    phase: "provenance",
    modes: ["enforce", "shadow", "off"],
    compile(action, entrance) {
      // Where cookies count for nothing, nobody can be made to send them.
      if (ACROSS_SITES.has(entrance) || tokenDemandOf(action)?.sessions === false) return undefined;
      const always = isAlwaysJudged(action, entrance);
      return {
        guard: "origin",
        phase: "provenance",
        summary: always ? "own or trusted pages only" : "own or trusted pages only, for unsafe methods",
        enter: ({ attempt: { provenance } }: Passage) => {
          if (provenance.kind !== "browser") return undefined;
          if (!always && SAFE_METHODS.has(provenance.method.toUpperCase())) return undefined;
          return judge(provenance) === "foreign" ? refusal(provenance) : undefined;
        },
      };
    },
  };
}

function isAlwaysJudged(action: AnyAction, entrance: Entrance): boolean {
  return action.effects !== "none" || entrance === "live" || entrance === "realtime";
}

function refusal({ origin, fetchSite, target }: BrowserProvenance): Denial {
  const context = { origin: shorten(origin), fetchSite: shorten(fetchSite), target };
  return deny(problems.ORIGIN_REFUSED, { event: events.malicious_cross_origin, context });
}

const LONGEST_NOTED = 256;

// Header values come from the caller; an event is no place for kilobytes of them.
function shorten(value: string | undefined): string | undefined {
  return value?.slice(0, LONGEST_NOTED);
}
