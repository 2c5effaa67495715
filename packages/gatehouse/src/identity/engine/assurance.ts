import { interactionPolicy, type KoaContextWithOIDC } from "oidc-provider";
import { z } from "zod";

/** Levels of assurance that can be asked for: one factor, or two. */
export const ASSURANCE_LEVELS = ["aal1", "aal2"] as const;

/** Reasons for which a second factor alone is missing. */
export const STEP_UP_REASONS: ReadonlySet<string> = new Set(["acr_values", "essential_acr", "essential_acrs"]);

/**
 * Has people sign in again where what they have proven is less than an application asks for, or their account may not
 * be used any more. The protocol leaves it to us what becomes of `acr_values`; here they are honoured.
 */
export function requireAssurance(policy: interactionPolicy.DefaultPolicy): interactionPolicy.DefaultPolicy {
  const { Check } = interactionPolicy;
  const checks = policy.get("login")?.checks;
  checks?.add(new Check("account_gone", "the account cannot be used any more", "login_required", isGone));
  checks?.add(new Check("acr_values", "a second factor is asked for", "login_required", lacksFactor));
  return policy;
}

const Acr = z.object({ value: z.string().optional(), values: z.array(z.string()).optional() });
const Claims = z.object({ id_token: z.object({ acr: Acr.nullish() }).nullish() });

/** Whether a request asks for two factors: as the first level we know of those it would take. */
export function demandsTwoFactors({ acr_values: listed, claims }: Readonly<Record<string, unknown>>): boolean {
  const ranked = typeof listed === "string" ? listed.split(" ") : [];
  const { value, values = [] } = acrOf(claims);
  return [ranked, [value ?? ""], values].some((wanted) => wanted.find(isLevel) === "aal2");
}

function acrOf(claims: unknown): z.infer<typeof Acr> {
  const parsed = Claims.safeParse(typeof claims === "string" ? parse(claims) : claims);
  return parsed.data?.id_token?.acr ?? {};
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isLevel(text: string): boolean {
  return ASSURANCE_LEVELS.some((level) => level === text);
}

function isGone({ oidc: { session, account } }: KoaContextWithOIDC): boolean {
  return session?.accountId !== undefined && account === undefined;
}

function lacksFactor({ oidc: { session, params, acr } }: KoaContextWithOIDC): boolean {
  return session?.accountId !== undefined && acr !== "aal2" && demandsTwoFactors(params ?? {});
}
