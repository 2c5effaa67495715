import { interactionPolicy, type Configuration, type KoaContextWithOIDC } from "oidc-provider";
import type { CurrentWork } from "./adapter.ts";

type Policy = NonNullable<NonNullable<Configuration["interactions"]>["policy"]>;

/** When people are asked to sign in: as the protocol has it, and again where a grant of theirs was suspended. */
export function signInPolicy(current: CurrentWork): Policy {
  const policy = interactionPolicy.base();
  const { Check } = interactionPolicy;
  const suspended = new Check(
    "grant_suspended",
    "the tokens were used from elsewhere, so the person has to sign in again",
    "login_required",
    (context) => isSuspended(context, current),
  );
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
