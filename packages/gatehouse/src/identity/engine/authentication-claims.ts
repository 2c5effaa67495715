import type { KoaContextWithOIDC } from "oidc-provider";
import { z } from "zod";

/** What is kept of a sign-in with whatever a token is made from. */
const SignedIn = z.object({ authTime: z.number(), acr: z.string().optional() });

/**
 * What an access token says of how its person has signed in (RFC 9470 section 6): when, and how well. A refresh brings
 * neither forward. A token that is made apart from a request says nothing.
 */
export function authenticationClaims(
  context: Pick<KoaContextWithOIDC, "oidc"> | undefined,
  { kind }: { readonly kind: string },
): Record<string, string | number> | undefined {
  if (kind !== "AccessToken" || context === undefined) return undefined;
  const { entities } = context.oidc;
  for (const source of [entities.AuthorizationCode, entities.DeviceCode, entities.RefreshToken]) {
    const { data } = SignedIn.safeParse(source);
    if (data === undefined) continue;
    return { auth_time: data.authTime, ...(data.acr === undefined ? {} : { acr: data.acr }) };
  }
  return undefined;
}
