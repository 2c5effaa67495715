import { events } from "../kernel/events.ts";
import { deny, type Denial } from "../kernel/outcome.ts";
import { problems } from "../kernel/problems.ts";

/** The denial of a request that cannot be understood. */
export function malformed(detail: string): Denial {
  return deny(problems.MALFORMED_REQUEST, { detail, event: events.request_malformed });
}
