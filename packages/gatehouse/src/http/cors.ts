import { BootRefusedError } from "../kernel/gate.ts";
import { LIMIT_HEADER_NAMES } from "../guards/limit-headers.ts";
import { isOrigin } from "../guards/origin.ts";
import type { HeaderFields } from "./security-headers.ts";

/** Which foreign origins may read answers below a path. */
export interface CorsRule {
  /** Path prefix the rule is for, in whole segments: `/api` is for `/api` and `/api/users`, and not for `/apikeys`. */
  readonly path: string;
  /** Exact origins, or `"*"` for public data that needs no credentials. */
  readonly origins: readonly string[] | "*";
  /** Default: GET, POST, OPTIONS. */
  readonly methods?: readonly string[];
  /** Request headers pages may set besides the safe ones. */
  readonly headers?: readonly string[];
  /** Whether cookies travel. Default false. */
  readonly credentials?: boolean;
  /** Seconds browsers remember the answer to a preflight. Default 86400. */
  readonly maxAge?: number;
}

/** Answers cross-origin questions. */
export interface Cors {
  /** Header fields for an answer to this request; `undefined` where no rule applies. */
  headers(path: string, origin: string | null): HeaderFields | undefined;
  /** Header fields of the answer to a preflight; `undefined` when the request is none or no rule applies. */
  preflight(path: string, request: Request): HeaderFields | undefined;
}

const DEFAULT_METHODS = ["GET", "POST", "OPTIONS"];
const DEFAULT_HEADERS = [
  ...["authorization", "content-type", "dpop", "idempotency-key", "x-csrf-token", "x-idempotency-key"],
];
const DEFAULT_MAX_AGE = 86_400;
/** Headers of ours that pages of other origins may read. */
const EXPOSED = [
  ...LIMIT_HEADER_NAMES,
  "dpop-nonce",
  "idempotent-replayed",
  "www-authenticate",
  "x-csrf-token",
  "x-request-id",
].join(", ");

/**
 * Cross-origin rules, the longest matching path first.
 * @throws {BootRefusedError} for rules that are unsafe or cannot work.
 */
export function createCors(rules: readonly CorsRule[]): Cors {
  const reasons = rules.flatMap((rule, index) => checkRule(rule, `cors[${index}]`));
  if (reasons.length > 0) throw new BootRefusedError(reasons);
  const ordered = rules.toSorted((left, right) => right.path.length - left.path.length).map(compile);
  const find = (path: string): CompiledRule | undefined => ordered.find((rule) => isBelow(path, rule.path));
  return {
    headers: (path, origin) => find(path)?.answer(origin),
    preflight(path, request) {
      const rule = request.headers.has("access-control-request-method") ? find(path) : undefined;
      return rule?.preflight(request.headers.get("origin"));
    },
  };
}

function isBelow(path: string, prefix: string): boolean {
  if (!path.startsWith(prefix)) return false;
  return prefix.endsWith("/") || path.length === prefix.length || path[prefix.length] === "/";
}

interface CompiledRule {
  readonly path: string;
  answer(origin: string | null): HeaderFields;
  preflight(origin: string | null): HeaderFields;
}

function compile(rule: CorsRule): CompiledRule {
  const origins = rule.origins === "*" ? undefined : new Set(rule.origins);
  const vary: HeaderFields = origins === undefined ? {} : { vary: "Origin" };
  const credentials: HeaderFields = rule.credentials === true ? { "access-control-allow-credentials": "true" } : {};
  const questions: HeaderFields = {
    "access-control-allow-methods": (rule.methods ?? DEFAULT_METHODS).join(", "),
    "access-control-allow-headers": (rule.headers ?? DEFAULT_HEADERS).join(", "),
    "access-control-max-age": String(rule.maxAge ?? DEFAULT_MAX_AGE),
  };

  function allow(origin: string | null): HeaderFields | undefined {
    if (origin === null) return undefined;
    if (origins === undefined) return { "access-control-allow-origin": "*" };
    return origins.has(origin) ? { "access-control-allow-origin": origin, ...credentials } : undefined;
  }

  return {
    path: rule.path,
    answer(origin) {
      const allowed = allow(origin);
      if (allowed === undefined) return vary;
      // Readers of other origins were allowed, so the rule that keeps them out gives way.
      return {
        ...vary,
        ...allowed,
        "access-control-expose-headers": EXPOSED,
        "cross-origin-resource-policy": "cross-origin",
      };
    },
    preflight(origin) {
      const allowed = allow(origin);
      return allowed === undefined ? vary : { ...vary, ...allowed, ...questions };
    },
  };
}

function checkRule(rule: CorsRule, option: string): string[] {
  const reasons: string[] = [];
  if (!rule.path.startsWith("/")) reasons.push(`${option}.path: "${rule.path}" does not begin with a slash.`);
  if (rule.origins === "*") {
    if (rule.credentials === true)
      reasons.push(`${option}: "*" with credentials is refused by browsers and unsafe; name the exact origins.`);
  } else {
    for (const origin of rule.origins.filter((candidate) => !isOrigin(candidate)))
      reasons.push(`${option}.origins: "${origin}" is not an origin such as https://app.example (no path, no slash).`);
    if (rule.origins.length === 0) reasons.push(`${option}.origins: the list is empty; remove the rule instead.`);
  }
  const names = [...(rule.methods ?? []), ...(rule.headers ?? [])];
  for (const name of names.filter((candidate) => !/^[A-Za-z0-9-]+$/.test(candidate)))
    reasons.push(`${option}: "${name}" is not the name of a method or header; list names one by one.`);
  return reasons;
}
