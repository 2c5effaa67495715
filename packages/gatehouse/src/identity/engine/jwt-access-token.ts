import { createLocalJWKSet, decodeProtectedHeader, errors, jwtVerify, type JWK } from "jose";
import type { AccessToken, AdapterPayload, ClientCredentials } from "oidc-provider";
import { CLOCK_TOLERANCE } from "./configuration.ts";

/** Kinds of tokens that can be signed texts. */
export type SignedToken = AccessToken | ClientCredentials;

/** What a signed text says of itself. */
export interface SignedMark {
  /** Its identifier. */
  readonly id: string;
  /** The key it was signed with. */
  readonly kid: string | undefined;
}

/** Recognises an access token that this issuer has signed; `undefined` where it has not. */
export type IdentifySigned = (token: string) => Promise<SignedMark | undefined>;

/** Whether a token is a signed text, by its form. */
export function isSigned(token: string): boolean {
  return /^[\w-]+\.[\w-]+\.[\w-]+$/.test(token);
}

/** The key that a signed text says it was signed with, whether that is true or not. */
export function kidOf(text: string): string | undefined {
  if (!isSigned(text)) return undefined;
  try {
    return decodeProtectedHeader(text).kid;
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

/** The members of a token that looking it up has to tell. */
const TOLD = [
  ...["accountId", "acr", "amr", "aud", "authTime", "clientId", "extra", "grantId", "gty", "jkt", "jti", "kind"],
  ...["rar", "scope", "sessionUid", "sid", "x5t#S256"],
] as const;

/**
 * What is kept of an access token that is a signed text: the engine itself keeps nothing, and so could neither look it
 * up nor revoke it.
 */
export function recordOfSigned(token: SignedToken, now: number): AdapterPayload {
  const iat = Math.floor(now / 1000);
  const record: AdapterPayload = { iat, exp: iat + token.expiration };
  for (const name of TOLD) {
    const value: unknown = Reflect.get(token, name);
    if (value !== undefined) Reflect.set(record, name, value);
  }
  return record;
}

/** Checks access tokens of this issuer by its own keys (RFC 9068 section 4). */
export function identifySigned(issuer: string, keys: readonly JWK[]): IdentifySigned {
  const known = createLocalJWKSet({ keys: keys.map(publicPart) });
  return async (token) => {
    try {
      const rules = { issuer, typ: "at+jwt", clockTolerance: CLOCK_TOLERANCE };
      const { payload, protectedHeader } = await jwtVerify(token, known, rules);
      return payload.jti === undefined ? undefined : { id: payload.jti, kid: protectedHeader.kid };
    } catch (error) {
      if (error instanceof errors.JOSEError) return undefined;
      throw error;
    }
  };
}

function publicPart({ kty, crv, x, y, n, e, kid, alg, use }: JWK): JWK {
  const members = Object.entries({ kty, crv, x, y, n, e, kid, alg, use });
  // A selection of a key's own members.
  return Object.fromEntries(members.filter(([, value]) => value !== undefined));
}
