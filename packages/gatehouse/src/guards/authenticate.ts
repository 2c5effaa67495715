import { tokenDemandOf, type AnyAction } from "../kernel/action.ts";
import type { Attempt, Credential, Principal } from "../kernel/attempt.ts";
import { events } from "../kernel/events.ts";
import type { Guard, Passage } from "../kernel/guard.ts";
import { deny, isDenial, type Denial } from "../kernel/outcome.ts";
import { problems } from "../kernel/problems.ts";

/** Finds out who presented one kind of credential. */
export interface Authenticator<Kind extends Credential["kind"] = Credential["kind"]> {
  readonly kind: Kind;
  /**
   * The principal; a denial when the credential is wrong, ended or expired; `undefined` when it is genuine
   * and names nobody. A visitor's session gives a principal of the type `anonymous` with its fingerprint. What the
   * action asks of tokens is its `tokenDemandOf`.
   */
  authenticate(
    credential: Extract<Credential, { readonly kind: Kind }>,
    attempt: Attempt,
    action: AnyAction,
  ): Promise<Principal | Denial | undefined>;
}

/** One authenticator for each kind; `internal` and `connection` need none. */
export type Authenticators = {
  readonly [Kind in Exclude<Credential["kind"], "internal" | "connection">]?: Authenticator<Kind>;
};

/** What the guard asks. */
export interface AuthenticateOptions {
  readonly authenticators: Authenticators;
}

type Answer = Principal | Denial | undefined;

/**
 * Finds out who is calling and puts it into the passage.
 *
 * Every presented credential must be good: a bad one is never passed over for another. Several are
 * accepted only when they name the same principal. A session counts only for attempts whose browser
 * provenance was checked, since cookies travel by themselves. A principal counts only in its own tenant;
 * the system itself belongs to all. Strangers pass where the action admits them; where it only reads, an
 * expired session makes a stranger rather than a denial.
 *
 * Where an action asks for a token, a session counts for nothing unless the action says so, and every refusal says what
 * kind of token is needed.
 */
export function authenticateGuard({ authenticators }: AuthenticateOptions): Guard {
  return {
    name: "authenticate",
    phase: "authenticate",
    modes: ["enforce"],
    compile: (action) => ({
      guard: "authenticate",
      phase: "authenticate",
      summary: summaryOf(action),
      enter: (passage) => {
        if (passage.attempt.credentials.length === 0) return challenge(admit(passage, undefined), passage);
        return authenticateAll(authenticators, passage).then((denial) => challenge(denial, passage));
      },
    }),
  };
}

function summaryOf(action: AnyAction): string {
  const demand = tokenDemandOf(action);
  if (demand !== undefined) return demand.sessions ? "tokens or sessions" : "tokens";
  return action.anonymous ? "anyone" : "signed-in principals";
}

function challenge(denial: Denial | undefined, { action, attempt }: Passage): Denial | undefined {
  const demand = tokenDemandOf(action);
  if (denial === undefined || demand === undefined || denial.problem.status !== 401) return denial;
  return { ...denial, headers: { ...demand.challenge(denial, attempt), ...denial.headers } };
}

async function authenticateAll(authenticators: Authenticators, passage: Passage): Promise<Denial | undefined> {
  const { attempt, action } = passage;
  // A signature has already told who sent a signed message.
  let known: Principal | undefined = passage.principal.type === "anonymous" ? undefined : passage.principal;
  for (const credential of attempt.credentials) {
    if (credential.kind === "session" && tokenDemandOf(action)?.sessions === false) continue;
    const answer = await authenticateOne(authenticators, credential, passage);
    if (answer === undefined) continue;
    if (isDenial(answer)) {
      if (isHarmlessExpiry(answer, action)) continue;
      return withEvent(answer);
    }
    if (!belongsTo(answer, attempt.tenant)) return credentialInvalid("other tenant", credential.kind);
    if (known === undefined || known.type === "anonymous") known = answer;
    else if (answer.type !== "anonymous" && !isSame(known, answer)) {
      return credentialInvalid("conflicting credentials", credential.kind);
    }
  }
  return admit(passage, known);
}

function authenticateOne(
  authenticators: Authenticators,
  credential: Credential,
  { attempt, action }: Passage,
): Promise<Answer> {
  switch (credential.kind) {
    case "internal":
      return Promise.resolve(credential.principal);
    case "connection":
      return Promise.resolve(
        attempt.entrance === "realtime" ? credential.principal : credentialInvalid("not accepted here", "connection"),
      );
    case "session":
      if (attempt.provenance.kind !== "browser") {
        return Promise.resolve(credentialInvalid("session without browser checks", "session"));
      }
      return authenticators.session?.authenticate(credential, attempt, action) ?? notAccepted("session");
    case "bearer":
      return authenticators.bearer?.authenticate(credential, attempt, action) ?? notAccepted("bearer");
    case "client":
      return authenticators.client?.authenticate(credential, attempt, action) ?? notAccepted("client");
  }
}

function admit(passage: Passage, principal: Principal | undefined): Denial | undefined {
  if (principal !== undefined) passage.principal = principal;
  if (passage.principal.type !== "anonymous" || passage.action.anonymous) return undefined;
  return deny(problems.AUTHENTICATION_REQUIRED, { event: events.authn_required });
}

function isHarmlessExpiry({ problem }: Denial, action: AnyAction): boolean {
  return problem === problems.SESSION_EXPIRED && action.anonymous && action.effects === "none";
}

function belongsTo(principal: Principal, tenant: string): boolean {
  return principal.tenant === tenant || principal.type === "system";
}

function isSame(left: Principal, right: Principal): boolean {
  return (
    left.type === right.type &&
    left.id === right.id &&
    left.tenant === right.tenant &&
    left.onBehalfOf === right.onBehalfOf
  );
}

function notAccepted(kind: Credential["kind"]): Promise<Denial> {
  return Promise.resolve(credentialInvalid("not accepted here", kind));
}

function credentialInvalid(reason: string, credential: Credential["kind"]): Denial {
  return deny(problems.CREDENTIAL_INVALID, { event: events.authn_credential_fail, context: { reason, credential } });
}

function withEvent(denial: Denial): Denial {
  if (denial.event !== undefined) return denial;
  const expired = denial.problem === problems.SESSION_EXPIRED;
  return { ...denial, event: expired ? events.session_use_after_expire : events.authn_credential_fail };
}
