import { events } from "../kernel/events.ts";
import { deny, type Denial } from "../kernel/outcome.ts";
import { StoreUnavailableError } from "../kernel/ports/store.ts";
import type { Problem } from "../kernel/problem.ts";
import { problems } from "../kernel/problems.ts";
import { httpEvents } from "./events.ts";
import { httpProblems } from "./problems.ts";

/** The denial of a request that breaks a protocol rule or limit; `detail` is public and never quotes the request. */
export function refuseRequest(problem: Problem, detail: string): Denial {
  return deny(problem, { detail, event: events.request_malformed, context: { reason: detail } });
}

/** The denial of a request whose syntax is wrong. */
export function malformed(detail: string): Denial {
  return refuseRequest(problems.MALFORMED_REQUEST, detail);
}

/** The denial of a request that is larger than allowed. */
export function tooLarge(detail: string): Denial {
  return refuseRequest(problems.PAYLOAD_TOO_LARGE, detail);
}

/** The denial of a body in a format that is not accepted. */
export function unsupported(detail: string): Denial {
  return refuseRequest(problems.UNSUPPORTED_MEDIA_TYPE, detail);
}

/**
 * The denial of a request whose body ended before all of it was there. A server that stops cuts what takes too long:
 * that is nothing its sender has done wrong.
 */
export function endedEarly(stopping: AbortSignal | undefined): Denial {
  if (stopping?.aborted === true)
    return deny(httpProblems.SERVER_STOPPING, { retryAfter: 1, event: httpEvents.request_cut_at_stop });
  return refuseRequest(problems.REQUEST_TIMEOUT, "The body ended early.");
}

/** The denial of a request that failed outside of the gate: a store that is away is no error of the server, and passes. */
export function denialOfError(error: unknown): Denial {
  if (!(error instanceof StoreUnavailableError)) return deny(problems.INTERNAL_ERROR, { event: events.action_failed });
  const problem = error.outcome === "unknown" ? problems.OUTCOME_UNKNOWN : problems.STORE_UNAVAILABLE;
  return deny(problem, { retryAfter: 1, event: events.store_unavailable, context: { store: error.store } });
}
