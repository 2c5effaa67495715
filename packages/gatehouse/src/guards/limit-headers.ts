import type { LimitState } from "../kernel/ports/counters.ts";

/** Names of the response fields that scripts of other origins may want to read (CORS). */
export const LIMIT_HEADER_NAMES = [
  "x-ratelimit-limit",
  "x-ratelimit-remaining",
  "x-ratelimit-reset",
  "ratelimit-policy",
  "ratelimit",
  "retry-after",
] as const;

/**
 * The response fields of limits, in lower case; none for no limits. `X-RateLimit-Limit`, `-Remaining` and `-Reset`
 * (epoch seconds) tell of the limit that refuses longest, or else of the one with the least left. `RateLimit-Policy`
 * and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10, structured fields of RFC 9651) tell of all. `Retry-After`
 * is there when a limit refuses, in whole seconds, at least 1.
 *
 * @param now Epoch milliseconds.
 */
export function limitHeaders(states: readonly LimitState[], now: number): Record<string, string> {
  const tightest = tightestOf(states);
  if (tightest === undefined) return {};
  const headers: Record<string, string> = {
    "x-ratelimit-limit": String(tightest.limit),
    "x-ratelimit-remaining": String(tightest.remaining),
    "x-ratelimit-reset": String(Math.ceil(tightest.resetAt / 1000)),
    "ratelimit-policy": states.map(policyItem).join(", "),
    ratelimit: states.map((state) => limitItem(state, now)).join(", "),
  };
  if (tightest.retryAfter > 0) headers["retry-after"] = String(retryAfterSeconds(tightest.retryAfter));
  return headers;
}

/** Whole seconds to wait, at least 1: never so few that the next attempt comes too early. */
export function retryAfterSeconds(milliseconds: number): number {
  return Math.max(1, Math.ceil(milliseconds / 1000));
}

/** The limit a caller has to mind first. */
function tightestOf(states: readonly LimitState[]): LimitState | undefined {
  let tightest: LimitState | undefined;
  for (const state of states) {
    if (tightest === undefined || isTighter(state, tightest)) tightest = state;
  }
  return tightest;
}

function isTighter(state: LimitState, other: LimitState): boolean {
  if (state.retryAfter !== other.retryAfter) return state.retryAfter > other.retryAfter;
  return state.remaining < other.remaining;
}

function policyItem({ policy, limit, window }: LimitState): string {
  return `${quoted(policy)};q=${limit};w=${Math.ceil(window / 1000)}`;
}

function limitItem({ policy, remaining, resetAt, retryAfter }: LimitState, now: number): string {
  const reset = retryAfter > 0 ? retryAfterSeconds(retryAfter) : Math.max(0, Math.ceil((resetAt - now) / 1000));
  return `${quoted(policy)};r=${remaining};t=${reset}`;
}

/** A string of structured fields; policy names are printable ASCII, which is checked when the server starts. */
function quoted(text: string): string {
  return `"${text.replaceAll(/["\\]/g, "\\$&")}"`;
}
