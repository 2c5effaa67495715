import {
  createContentSecurityPolicy,
  DATA_POLICY,
  REPORT_GROUP,
  type PolicyHashes,
  type PolicyOptions,
} from "./content-security-policy.ts";
import { isLoopback } from "./loopback.ts";

/** How long and how widely browsers insist on https. */
export interface TransportSecurity {
  /** Seconds. Default one year. */
  readonly maxAge: number;
  /** Default true. */
  readonly includeSubDomains: boolean;
  /** Asks for the lists that ship with browsers; leaving them takes months. Default false. */
  readonly preload: boolean;
}

/** Choices about response headers. */
export interface HeaderOptions {
  /** `strict` (default), or the weaker set that older applications were written against. */
  readonly preset?: "strict" | "seed-compat";
  readonly policy?: PolicyOptions;
  /** Has browsers report what the content security policy of pages forbids without blocking it. Default false. */
  readonly reportOnly?: boolean;
  /** Sent over https, except for loopback names, which other programs share. `false`: never. */
  readonly transportSecurity?: Partial<TransportSecurity> | false;
  /** Browser features pages may use, such as `camera: "self"`. Everything sensitive is off otherwise. */
  readonly features?: Readonly<Record<string, "self">>;
  /** Whether pages are isolated from resources of other origins that do not agree. Default true. */
  readonly crossOriginIsolation?: boolean;
}

/** Where a response goes. */
export interface HeaderContext {
  readonly tls: boolean;
  readonly host: string;
}

/** Header fields by lower-case name. */
export type HeaderFields = Readonly<Record<string, string>>;

/** Writes the security headers of responses. */
export interface SecurityHeaders {
  /** A page with a nonce of its own. */
  page(context: HeaderContext, nonce: string): HeaderFields;
  /** A page that is cached or static. */
  staticPage(context: HeaderContext, hashes: PolicyHashes): HeaderFields;
  /** Anything that is not a page. */
  data(context: HeaderContext): HeaderFields;
}

const REFUSED_FEATURES = [
  "accelerometer",
  "browsing-topics",
  "camera",
  "display-capture",
  "geolocation",
  "gyroscope",
  "hid",
  "idle-detection",
  "local-fonts",
  "magnetometer",
  "microphone",
  "midi",
  "payment",
  "serial",
  "usb",
  "xr-spatial-tracking",
];
const YEAR = 31_536_000;

/** Policy and frame rule of the older set, kept word for word for applications that depend on it. */
const SEED_POLICY = "default-src 'self'; script-src 'self' 'unsafe-eval'; style-src 'self' 'unsafe-inline'";

/**
 * Security headers with everything constant written once.
 * @throws {TypeError} for a policy source or feature that is malformed.
 */
export function createSecurityHeaders(options: HeaderOptions = {}): SecurityHeaders {
  const policy = createContentSecurityPolicy(options.policy);
  const seed = options.preset === "seed-compat";
  const transport = writeTransportSecurity(options.transportSecurity ?? {}, seed);
  const everywhere = commonHeaders(options);
  const pageOnly: HeaderFields = {
    "cross-origin-opener-policy": "same-origin",
    ...(options.crossOriginIsolation === false || seed ? {} : { "cross-origin-embedder-policy": "require-corp" }),
    "reporting-endpoints": `${REPORT_GROUP}="${options.policy?.reportPath ?? "/csp/report"}"`,
  };

  const insistence: HeaderFields = transport === undefined ? {} : { "strict-transport-security": transport };
  const data: HeaderFields = Object.freeze({ ...everywhere, "content-security-policy": DATA_POLICY });
  const insistentData: HeaderFields = Object.freeze({ ...data, ...insistence });

  function insists({ tls, host }: HeaderContext): boolean {
    return tls && transport !== undefined && !isLoopback(host);
  }

  const policyField = options.reportOnly === true ? "content-security-policy-report-only" : "content-security-policy";

  function complete(context: HeaderContext, contentSecurityPolicy: string): HeaderFields {
    const fields = { ...everywhere, ...pageOnly, [policyField]: contentSecurityPolicy };
    return insists(context) ? { ...fields, ...insistence } : fields;
  }

  return {
    page: (context, nonce) => complete(context, seed ? SEED_POLICY : policy.forNonce(nonce, context.tls)),
    staticPage: (context, hashes) => complete(context, seed ? SEED_POLICY : policy.forHashes(hashes, context.tls)),
    data: (context) => (insists(context) ? insistentData : data),
  };
}

function commonHeaders(options: HeaderOptions): HeaderFields {
  const seed = options.preset === "seed-compat";
  return {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "strict-origin-when-cross-origin",
    "permissions-policy": writeFeatures(options.features ?? {}),
    "cross-origin-resource-policy": "same-origin",
    "x-xss-protection": seed ? "1; mode=block" : "0",
  };
}

function writeFeatures(features: Readonly<Record<string, "self">>): string {
  for (const name of Object.keys(features)) {
    if (!/^[a-z][a-z-]*$/.test(name)) throw new TypeError(`"${name}" is not the name of a browser feature.`);
  }
  const names = [...new Set([...REFUSED_FEATURES, ...Object.keys(features)])];
  return names.map((name) => `${name}=(${features[name] ?? ""})`).join(", ");
}

function writeTransportSecurity(
  options: Partial<TransportSecurity> | false,
  preloadByDefault: boolean,
): string | undefined {
  if (options === false) return undefined;
  const { maxAge = YEAR, includeSubDomains = true, preload = preloadByDefault } = options;
  if (!Number.isSafeInteger(maxAge) || maxAge < 0)
    throw new TypeError("transportSecurity.maxAge is a number of seconds.");
  return `max-age=${maxAge}${includeSubDomains ? "; includeSubDomains" : ""}${preload ? "; preload" : ""}`;
}
