import { interactionPolicy, type KoaContextWithOIDC } from "oidc-provider";
import type { CurrentWork } from "./adapter.ts";

/** Has people sign in again where a grant of theirs was suspended, although they have a session. */
export function requireFreshSignIn(
  policy: interactionPolicy.DefaultPolicy,
  current: CurrentWork,
): interactionPolicy.DefaultPolicy {
  const { Check } = interactionPolicy;
  const why = "the tokens were used from elsewhere, so the person has to sign in again";
  const suspended = new Check("grant_suspended", why, "login_required", (context) => isSuspended(context, current));
  policy.get("login")?.checks.add(suspended);
  return policy;
}

async function isSuspended({ oidc }: KoaContextWithOIDC, current: CurrentWork): Promise<boolean> {
  const { session, client, result } = oidc;
  if (session?.accountId === undefined || client === undefined || result?.login !== undefined) return false;
  const grantId = session.grantIdFor(client.clientId);
  if (grantId === undefined) return false;
  const signedInAt = (session.loginTs ?? 0) * 1000;
  return (await current.getStore()?.witness?.mustSignIn(grantId, signedInAt)) ?? false;
}
