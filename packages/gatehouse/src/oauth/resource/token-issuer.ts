import type { Denial } from "../../kernel/outcome.ts";
import type { AccessToken, AccessTokens } from "../../kernel/ports/access-tokens.ts";

/** Somebody whose access tokens count. */
export interface TokenIssuer {
  /** The tenant whose tokens it issues; `undefined`: every tenant has an issuer here. */
  readonly tenant: string | undefined;
  /** Whether it can be asked what a token means that says nothing itself. */
  readonly looksUp: boolean;
  /** Its identifier for the tenant. */
  issuerOf(tenant: string): string;
  /** What a token of its is good for, `undefined` where it is not one or not any more, or why that cannot be found out. */
  find(tenant: string, token: string): Promise<AccessToken | Denial | undefined>;
}

/** The identity provider in the same process: it is asked about every token, so that a revocation counts at once. */
export function issuerInProcess(tokens: AccessTokens): TokenIssuer {
  return {
    tenant: undefined,
    looksUp: true,
    issuerOf: (tenant) => tokens.issuerOf(tenant),
    find: (tenant, token) => tokens.find(tenant, token),
  };
}
