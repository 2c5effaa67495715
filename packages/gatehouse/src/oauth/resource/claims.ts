import { z } from "zod";
import type { AccessToken } from "../../kernel/ports/access-tokens.ts";

const Audience = z.union([z.string().transform((one) => [one]), z.array(z.string())]);

/** A binding that cannot be checked here must not be passed over: members besides the thumbprint are refused. */
const Confirmation = z.strictObject({ jkt: z.string().min(1).max(64) });

const Shared = z.object({
  aud: Audience,
  client_id: z.string().min(1),
  sub: z.string().min(1).optional(),
  exp: z.number(),
  nbf: z.number().optional(),
  scope: z.string().optional(),
  cnf: Confirmation.optional(),
  act: z.object({ sub: z.string().min(1) }).optional(),
});

/** Claims of a signed access token (RFC 9068 section 2.2). */
export const SignedClaims = Shared.extend({ sub: z.string().min(1), iat: z.number(), jti: z.string().min(1) });

/** What an issuer answers about a token that counts (RFC 7662 section 2.2). Only access tokens have a type. */
export const Introspected = Shared.extend({
  active: z.literal(true),
  token_type: z.string().regex(/^(?:Bearer|DPoP)$/i),
  iss: z.string().optional(),
});

/** What the claims of a token mean. A client that acts for itself is its own subject. */
export function accessTokenOf(issuer: string, claims: z.infer<typeof Shared>): AccessToken {
  const { aud, client_id: client, sub, exp, scope = "", cnf, act } = claims;
  return {
    ...{ issuer, client, audiences: aud, expiresAt: exp * 1000 },
    scopes: scope.split(" ").filter((name) => name !== ""),
    account: sub === client ? undefined : sub,
    actor: act?.sub,
    thumbprint: cnf?.jkt,
  };
}
