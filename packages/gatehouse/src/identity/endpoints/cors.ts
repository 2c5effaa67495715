import { LIMIT_HEADER_NAMES } from "../../guards/limit-headers.ts";

/**
 * Whose pages may read the answers of an endpoint. `public`: everybody's, as it says the same to all. `client`: those of
 * the client the call is for, which the engine decides once it knows that client. Cookies are never involved.
 */
export type CorsReach = "public" | "client" | "none";

const EXPOSED = [...LIMIT_HEADER_NAMES, "www-authenticate", "dpop-nonce"].join(", ");
const ENGINES = [
  ...["access-control-allow-origin", "access-control-expose-headers", "access-control-allow-methods"],
  ...["access-control-allow-headers", "access-control-max-age"],
];
const MAX_AGE = "86400";
const ASKED = "authorization, content-type, dpop";

/**
 * The answer to a preflight. It says nothing about any client: that a page may ask does not mean that it may read, and
 * which client it asks for is only in the request that follows.
 */
export function preflightAnswer(methods: readonly string[]): Response {
  const headers = {
    "access-control-allow-origin": "*",
    "access-control-allow-methods": methods.join(", "),
    "access-control-allow-headers": ASKED,
    "access-control-max-age": MAX_AGE,
  };
  return new Response(null, { status: 204, headers });
}

/**
 * Lets pages read an answer, its limits too, or keeps the engine from letting them. What was refused before the engine
 * knew of any client says nothing about one, so everybody may read it.
 */
export function admitPages(headers: Headers, reach: CorsReach, { origin, ofEngine }: CorsQuestion): void {
  const admitted = headers.get("access-control-allow-origin");
  for (const name of ENGINES) headers.delete(name);
  if (reach === "none") return;
  if (reach === "client") headers.append("vary", "Origin");
  if (origin === null) return;
  const allowed = reach === "public" || !ofEngine ? "*" : admitted;
  // The engine answers a page that its client does not know without the field.
  if (allowed === null || (allowed !== "*" && allowed !== origin)) return;
  headers.set("access-control-allow-origin", allowed);
  headers.set("access-control-expose-headers", EXPOSED);
}

/** What decides who may read an answer. */
export interface CorsQuestion {
  /** Of the page that asks. */
  readonly origin: string | null;
  /** Whether the engine has answered. */
  readonly ofEngine: boolean;
}
