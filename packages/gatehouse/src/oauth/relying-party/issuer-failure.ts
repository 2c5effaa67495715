import * as oauth from "openid-client";
import { deny, type Denial } from "../../kernel/outcome.ts";
import { relyingPartyEvents } from "./events.ts";
import { relyingPartyProblems } from "./problems.ts";

/** The issuer could not be reached, or did not do its part. */
export class IssuerUnreachableError extends TypeError {
  override readonly name = "IssuerUnreachableError";
}

const { oauth_sign_in_fail: event } = relyingPartyEvents;
const { SIGN_IN_UNAVAILABLE, SIGN_IN_DECLINED, SIGN_IN_FAILED, SIGN_IN_INTERRUPTED } = relyingPartyProblems;

/** A fetch function whose failures can be told from those of what was fetched. */
export function reachingFetch(fetch: oauth.CustomFetch): oauth.CustomFetch {
  return async (url, options) => {
    let response: Response;
    try {
      response = await fetch(url, options);
    } catch (cause) {
      throw new IssuerUnreachableError(`No answer from ${url}.`, { cause });
    }
    if (response.status < 500 && response.status !== 429) return response;
    await response.body?.cancel();
    throw new IssuerUnreachableError(`${response.status} from ${url}.`);
  };
}

/** What a person is told of a failure at the issuer; throws what is a bug of ours. */
export function denialOfIssuer(error: unknown): Denial {
  if (error instanceof IssuerUnreachableError) return deny(SIGN_IN_UNAVAILABLE, { event, retryAfter: 5 });
  if (error instanceof oauth.AuthorizationResponseError) {
    const problem = IS_AWAY.has(error.error) ? SIGN_IN_UNAVAILABLE : SIGN_IN_DECLINED;
    return deny(problem, { event, context: { error: named(error.error) } });
  }
  if (error instanceof oauth.ResponseBodyError) {
    const problem = error.error === "invalid_grant" ? SIGN_IN_INTERRUPTED : SIGN_IN_FAILED;
    return deny(problem, { event, context: { error: named(error.error) } });
  }
  if (error instanceof oauth.ClientError) {
    return deny(SIGN_IN_FAILED, { event, context: { error: error.code ?? "unknown", reason: reasonOf(error) } });
  }
  throw error;
}

const IS_AWAY: ReadonlySet<string> = new Set(["server_error", "temporarily_unavailable"]);

/** The name of an error as the protocol writes them: what an address says may be anything. */
function named(error: string): string {
  return /^[a-z_]{1,60}$/.test(error) ? error : "unnamed";
}

/** The library's own words for what was wrong; never a value of a token. */
function reasonOf({ message, cause }: Error): string {
  return (cause instanceof Error ? cause.message : message).slice(0, 200);
}
