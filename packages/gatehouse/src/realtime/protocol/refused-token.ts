import { deny, type Denial } from "../../kernel/outcome.ts";
import { realtimeProblems } from "../problems.ts";

/**
 * What is said of a token that was refused: a client that hears that it has expired obtains another one; any other refusal
 * is final. Of a token that says nothing nobody can tell, so that a new one is asked for. Nothing is believed of what a
 * refused token says but that it is too old.
 */
export function refusalOfToken(denial: Denial, token: string | undefined, now: number): Denial {
  if (denial.problem.status !== 401 || token === undefined) return denial;
  const expiry = statedExpiry(token);
  const mayHaveExpired = expiry === "unstated" || (typeof expiry === "number" && expiry * 1_000 <= now);
  return mayHaveExpired ? { ...denial, ...deny(realtimeProblems.TOKEN_EXPIRED) } : denial;
}

function statedExpiry(token: string): unknown {
  const [, payload, signature, more] = token.split(".");
  if (payload === undefined || signature === undefined || more !== undefined) return "unstated";
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, "base64url").toString());
    return typeof claims === "object" && claims !== null && "exp" in claims ? claims.exp : undefined;
  } catch {
    return undefined;
  }
}
