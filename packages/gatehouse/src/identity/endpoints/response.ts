import { limitHeaders } from "../../guards/limit-headers.ts";
import { oauthErrorDocument } from "../../http/problem-document.ts";
import type { Denial, Outcome } from "../../kernel/outcome.ts";
import type { EventContext } from "../../kernel/event.ts";
import type { LimitState } from "../../kernel/ports/counters.ts";
import type { EngineAnswer } from "../engine/engine-call.ts";
import { oauthProblems } from "../problems.ts";
import { admitPages, type CorsReach } from "./cors.ts";
import { answerOf } from "./refusal.ts";

/** What an endpoint's action comes to. */
export interface EndpointAnswer {
  readonly answer: EngineAnswer;
  /** Limits that were counted once it was known who calls. */
  readonly limits: readonly LimitState[];
  /** What the event of the attempt says besides. */
  readonly facts?: EventContext;
}

/** What a response depends on besides the outcome. */
export interface ResponseQuestion {
  /** Epoch milliseconds. */
  readonly now: number;
  readonly reach: CorsReach;
  /** Of the page that asks. */
  readonly origin: string | null;
}

/** The response of an endpoint: the engine's answer, or what kept the attempt from it as an error of the protocol. */
export function responseOf(outcome: Outcome, { now, reach, origin }: ResponseQuestion): Response {
  // The value of this module's own actions.
  const value = outcome.ok ? (outcome.value as EndpointAnswer) : undefined;
  const limits = limitHeaders([...(outcome.limits ?? []), ...(value?.limits ?? [])], now);
  const answer = outcome.ok ? value?.answer : answerOf(outcome);
  if (answer !== undefined) {
    const headers = new Headers(answer.headers);
    for (const [name, value] of Object.entries(limits)) headers.set(name, value);
    admitPages(headers, reach, { origin, ofEngine: true });
    const empty = answer.body === "" || answer.status === 204 || answer.status === 304;
    // Clients read a type that is not theirs as a failure (oidc-client-ts, of a revocation).
    if (empty) headers.delete("content-type");
    return new Response(empty ? null : answer.body, { status: answer.status, headers });
  }
  if (outcome.ok) throw new TypeError("An endpoint of the protocol has no answer.");
  const { problem, retryAfter } = outcome;
  // The protocol knows no other status for what is wrong with a request.
  const status = problem.status === 422 ? 400 : problem.status;
  const waiting = retryAfter === undefined ? {} : { "retry-after": String(retryAfter) };
  const headers = new Headers({ ...limits, ...waiting, "cache-control": "no-store" });
  admitPages(headers, reach, { origin, ofEngine: false });
  return Response.json(documentOf(outcome), { status, headers });
}

/** One text for every limit: which of them it was, the header fields say. */
function documentOf(denial: Denial): Readonly<Record<string, unknown>> {
  const limited = denial.problem.status === 429;
  return oauthErrorDocument(limited ? { ...denial, detail: oauthProblems.OAUTH_LIMIT_EXCEEDED.message } : denial);
}
