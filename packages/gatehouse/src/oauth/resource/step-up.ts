import type { Attempt } from "../../kernel/attempt.ts";
import { events } from "../../kernel/events.ts";
import { deny, type Denial } from "../../kernel/outcome.ts";
import { challengeOf, type Challenged } from "./challenge.ts";
import { resourceProblems } from "./problems.ts";

/** The refusal of a token whose person has not signed in well or freshly enough, with what to ask for (RFC 9470). */
export function stepUpDenial(challenged: Required<Challenged>, attempt: Attempt): Denial {
  const context = { by: "authentication", needed: challenged.authentication.acrValues.join(" ") };
  const denial = deny(resourceProblems.INSUFFICIENT_USER_AUTHENTICATION, { event: events.authz_fail, context });
  return { ...denial, headers: challengeOf(challenged, denial, attempt) };
}
