import type { Authentication } from "../attempt.ts";

/** What an access token is good for, as its issuer says. */
export interface AccessToken {
  /** The identifier of its issuer. */
  readonly issuer: string;
  /** Resources it was issued for. */
  readonly audiences: readonly string[];
  readonly scopes: readonly string[];
  /** The client it was issued to. */
  readonly client: string;
  /** The person who granted it; absent where the client acts for itself. */
  readonly account?: string | undefined;
  /** Who acts for the account (RFC 8693 section 4.1), where that is somebody else than its client. */
  readonly actor?: string | undefined;
  /** How the account has signed in, where the issuer says so. */
  readonly authentication?: Authentication | undefined;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
  /** Thumbprint of the key it is bound to (RFC 7638, SHA-256); absent where whoever has the token may use it. */
  readonly thumbprint?: string | undefined;
}

/** Access tokens of an identity provider in the same process. */
export interface AccessTokens {
  /** The identifier of the tenant's issuer. */
  issuerOf(tenant: string): string;
  /** `undefined` where the token is not one of the tenant's issuer, or not any more: expired, revoked, its account disabled. */
  find(tenant: string, token: string): Promise<AccessToken | undefined>;
}
