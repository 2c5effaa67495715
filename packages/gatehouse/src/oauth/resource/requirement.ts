import type { Authorise } from "../../kernel/action.ts";
import type { Attempt, Principal } from "../../kernel/attempt.ts";
import { events } from "../../kernel/events.ts";
import { deny, type Denial } from "../../kernel/outcome.ts";
import { problems } from "../../kernel/problems.ts";
import type { TokenDemand } from "../../kernel/token-demand.ts";
import { challengeOf } from "./challenge.ts";
import type { OAuthResource } from "./oauth-resource.ts";
import { resourceProblems } from "./problems.ts";

/** Which tokens an action asks for. */
export interface OAuthRequirement<Input, Scope extends string> {
  readonly resource: OAuthResource<Scope>;
  /** All of them are needed. */
  readonly scopes: readonly NoInfer<Scope>[];
  /**
   * Whether those may, too, who are signed in with a session. They have no scopes: what they may is for `authorise` to
   * say, which must be there then. Default false.
   */
  readonly sessions?: boolean;
  /** What else has to be so: that the photo is the caller's, for example. */
  readonly authorise?: Authorise<Input>;
}

/**
 * The rule of an action that asks for an access token: `authorise: oauth({ resource: photos, scopes: ["photos:read"] })`.
 * It works at every entrance. Tokens that were issued for another resource are refused before it is asked
 * (`ACCESS_TOKEN_INVALID`), tokens without one of the scopes by it (`INSUFFICIENT_SCOPE`). The system itself, over the job
 * entrance, needs no token.
 * @throws {TypeError} when sessions are admitted and no rule says what they may, or a scope is not one of the resource.
 */
export function oauth<Input, const Scope extends string>(
  requirement: OAuthRequirement<Input, Scope>,
): Authorise<Input> {
  const { resource, scopes, sessions = false, authorise } = requirement;
  const unknown = scopes.find((scope) => !resource.scopes.includes(scope));
  if (unknown !== undefined) throw new TypeError(`"${unknown}" is not among the scopes of the resource.`);
  if (sessions && authorise === undefined) {
    throw new TypeError("Where sessions are admitted beside tokens, `authorise` has to say what they may.");
  }
  const demand: TokenDemand = {
    sessions,
    bound: resource.boundTokensOnly,
    resourceOf: (tenant) => resource.resourceOf(tenant),
    challenge: (denial, attempt) => challengeOf({ resource, scopes }, denial, attempt),
  };
  const rule: Authorise<Input> = (context) =>
    refusalOf(context, { demand, scopes }) ?? (authorise === undefined ? true : authorise(context));
  return Object.assign(rule, { demand });
}

function refusalOf(
  { principal, attempt }: { readonly principal: Principal; readonly attempt: Attempt },
  { demand, scopes }: { readonly demand: TokenDemand; readonly scopes: readonly string[] },
): Denial | undefined {
  const challenged = (denial: Denial): Denial => ({ ...denial, headers: demand.challenge(denial, attempt) });
  const kinds = new Set(attempt.credentials.map(({ kind }) => kind));
  if (!kinds.has("bearer") && !kinds.has("internal")) {
    if (kinds.has("session") && demand.sessions && principal.type !== "anonymous") return undefined;
    return challenged(deny(problems.AUTHENTICATION_REQUIRED, { event: events.authn_required }));
  }
  if (principal.type === "system" || scopes.every((scope) => principal.grants.has(scope))) return undefined;
  const context = { by: "scope", needed: scopes.join(" ") };
  return challenged(deny(resourceProblems.INSUFFICIENT_SCOPE, { event: events.authz_fail, context }));
}
