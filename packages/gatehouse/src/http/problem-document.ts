import type { Denial } from "../kernel/outcome.ts";
import type { LimitState } from "../kernel/ports/counters.ts";

/** Media type of problem documents (RFC 9457). */
export const PROBLEM_TYPE = "application/problem+json";

/**
 * The problem document of a denial: members of RFC 9457, the older `error` and `code`, and what helps the
 * caller to retry. `limit` and `window` (seconds) are those of the limit that refused.
 */
export function problemDocument(denial: Denial, requestId: string): Readonly<Record<string, unknown>> {
  const { problem, violations } = denial;
  const refusing = refusingLimits(denial.limits ?? []);
  const limit = problem.status === 429 ? (refusing[0] ?? denial.limits?.[0]) : undefined;
  return {
    ...denial.extensions,
    type: problem.type ?? problemType(problem.code),
    title: problem.message,
    status: problem.status,
    detail: denial.detail ?? problem.message,
    error: problem.message,
    code: problem.code,
    ...(denial.retryAfter === undefined ? {} : { retry_after: denial.retryAfter }),
    ...(limit === undefined ? {} : { limit: limit.limit, window: Math.ceil(limit.window / 1000) }),
    ...(refusing.length === 0 ? {} : { "violated-policies": refusing.map((state) => state.policy) }),
    ...(violations === undefined
      ? {}
      : { errors: violations.map(({ pointer, message }) => ({ detail: message, pointer })) }),
    request_id: requestId,
  };
}

/** The `type` of a problem: a name, since problems of installations have no common page. */
function problemType(code: string): string {
  return `urn:gatehouse:problem:${code.toLowerCase().replaceAll("_", "-")}`;
}

function refusingLimits(limits: readonly LimitState[]): readonly LimitState[] {
  return limits.filter((state) => state.retryAfter > 0).toSorted((left, right) => right.retryAfter - left.retryAfter);
}

/** The error document of OAuth endpoints (RFC 6749 section 5.2) for the same denial. */
export function oauthErrorDocument(denial: Denial): Readonly<Record<string, unknown>> {
  const description = (denial.detail ?? denial.problem.message).replaceAll(/[^\x20-\x21\x23-\x5b\x5d-\x7e]/g, " ");
  const retryAfter = denial.retryAfter === undefined ? {} : { retry_after: denial.retryAfter };
  return { error: denial.problem.oauthError, error_description: description, ...retryAfter };
}
