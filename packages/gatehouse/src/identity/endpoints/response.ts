import { limitHeaders } from "../../guards/limit-headers.ts";
import { oauthErrorDocument } from "../../http/problem-document.ts";
import type { Outcome } from "../../kernel/outcome.ts";
import type { EngineAnswer } from "../engine/engine-call.ts";
import { answerOf } from "./refusal.ts";

/** The response of an endpoint: the engine's answer, or what kept the attempt from it as an error of the protocol. */
export function responseOf(outcome: Outcome, now: number): Response {
  const limits = outcome.limits === undefined || outcome.limits.length === 0 ? {} : limitHeaders(outcome.limits, now);
  // The value of this module's own actions.
  const answer = outcome.ok ? (outcome.value as EngineAnswer) : answerOf(outcome);
  if (answer !== undefined) {
    const headers = new Headers(answer.headers);
    for (const [name, value] of Object.entries(limits)) headers.set(name, value);
    const empty = answer.body === "" || answer.status === 204 || answer.status === 304;
    return new Response(empty ? null : answer.body, { status: answer.status, headers });
  }
  if (outcome.ok) throw new TypeError("An endpoint of the protocol has no answer.");
  const { problem, retryAfter } = outcome;
  // The protocol knows no other status for what is wrong with a request.
  const status = problem.status === 422 ? 400 : problem.status;
  const waiting = retryAfter === undefined ? {} : { "retry-after": String(retryAfter) };
  const headers = { ...limits, ...waiting, "cache-control": "no-store" };
  return Response.json(oauthErrorDocument(outcome), { status, headers });
}
