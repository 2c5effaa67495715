import { events } from "../kernel/events.ts";
import { deny, type Denial } from "../kernel/outcome.ts";
import type { Problem } from "../kernel/problem.ts";
import { problems } from "../kernel/problems.ts";

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
