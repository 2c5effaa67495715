import type { KoaContextWithOIDC } from "oidc-provider";
import { z } from "zod";

/** What is kept of a sign-in with whatever a token is made from. */
const SignedIn = z.object({ authTime: z.number(), acr: z.string().optional() });

/**
 * What an access token says of how its person has signed in (RFC 9470 section 6): when, and how well. A refresh brings
 * neither forward.
 */
export function authenticationClaims(
  { oidc: { entities } }: Pick<KoaContextWithOIDC, "oidc">,
  { kind }: { readonly kind: string },
): Record<string, string | number> | undefined {
  if (kind !== "AccessToken") return undefined;
  for (const source of [entities.AuthorizationCode, entities.DeviceCode, entities.RefreshToken]) {
    const { data } = SignedIn.safeParse(source);
    if (data === undefined) continue;
    return { auth_time: data.authTime, ...(data.acr === undefined ? {} : { acr: data.acr }) };
  }
  return undefined;
}
