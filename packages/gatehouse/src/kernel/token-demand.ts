import type { Attempt } from "./attempt.ts";
import type { Denial } from "./outcome.ts";

/**
 * What a token has to be for an action. An authorisation rule may carry it: then a token counts only if it was issued
 * for this resource, and a session counts for nothing unless it is said that it does.
 */
export interface TokenDemand {
  /** Whether those count, too, who are signed in with a session. */
  readonly sessions: boolean;
  /** Whether only tokens count that are bound to a key of their bearer's (RFC 9449). */
  readonly bound: boolean;
  /** The identifier of the resource, which has to be an audience of the token, exactly. */
  resourceOf(tenant: string): string;
  /** Header fields by which an HTTP answer says what kind of token is needed, and where to get one. */
  challenge(denial: Denial, attempt: Attempt): Readonly<Record<string, string>>;
}
