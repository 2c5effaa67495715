import type { Attempt, PresentedProof } from "../../kernel/attempt.ts";
import type { Denial } from "../../kernel/outcome.ts";
import { problems } from "../../kernel/problems.ts";
import { PROOF_ALGORITHMS } from "./algorithms.ts";
import { metadataAddress, type OAuthResource } from "./oauth-resource.ts";

/** What a challenge is about. */
export interface Challenged {
  readonly resource: OAuthResource;
  readonly scopes: readonly string[];
  /** How its person has to sign in, where that is what is wrong with the token. */
  readonly authentication?: DemandedAuthentication;
}

/** How somebody has to sign in (RFC 9470 section 3). */
export interface DemandedAuthentication {
  readonly acrValues: readonly string[];
  /** Seconds. */
  readonly maxAge: number;
}

/**
 * The `WWW-Authenticate` field of a refusal (RFC 6750 section 3, RFC 9449 section 7.1, RFC 9470 section 3, RFC 9728 section 5.1): where to
 * find out about the resource, which scopes are needed, and what was wrong with the token, in the scheme it came in. Who
 * came without one is told all schemes.
 */
export function challengeOf(
  { resource, scopes, authentication }: Challenged,
  denial: Denial,
  attempt: Attempt,
): Record<string, string> {
  const bearer = attempt.credentials.find((credential) => credential.kind === "bearer");
  const parameters = [
    ...(bearer === undefined || denial.problem === problems.AUTHENTICATION_REQUIRED ? [] : errorOf(denial)),
    ["resource_metadata", metadataAddress(resource.resourceOf(attempt.tenant))],
    ...(scopes.length === 0 ? [] : [["scope", scopes.join(" ")]]),
    ...(authentication === undefined
      ? []
      : [
          ["acr_values", authentication.acrValues.join(" ")],
          ["max_age", String(authentication.maxAge)],
        ]),
  ] as const;
  const schemes = schemesOf(resource, bearer);
  return { "www-authenticate": schemes.map((scheme) => write(scheme, parameters)).join(", ") };
}

type Scheme = "Bearer" | "DPoP";

function schemesOf(
  { boundTokensOnly }: OAuthResource,
  presented: { readonly proof?: PresentedProof } | undefined,
): readonly Scheme[] {
  if (boundTokensOnly || presented?.proof !== undefined) return ["DPoP"];
  return presented === undefined ? ["Bearer", "DPoP"] : ["Bearer"];
}

function errorOf({ problem }: Denial): readonly (readonly string[])[] {
  return [
    ["error", problem.oauthError],
    ["error_description", problem.message],
  ];
}

function write(scheme: Scheme, parameters: readonly (readonly string[])[]): string {
  const all = scheme === "DPoP" ? [["algs", PROOF_ALGORITHMS.join(" ")], ...parameters] : parameters;
  return `${scheme} ${all.map(([name, value]) => `${name}="${value}"`).join(", ")}`;
}
