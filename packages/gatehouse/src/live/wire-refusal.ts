import { events } from "../kernel/events.ts";
import { deny, type Denial } from "../kernel/outcome.ts";
import { problems } from "../kernel/problems.ts";

/** The denial of a request that cannot be understood. */
export function malformed(detail: string): Denial {
  return deny(problems.MALFORMED_REQUEST, { detail, event: events.request_malformed });
}

const LONGEST_NAME = 64;

/** The denial of a body with a member that nobody knows; names it to whoever sent it, as a JSON pointer. */
export function unknownMember(within: string, name: string): Denial {
  const shown = name.slice(0, LONGEST_NAME).replaceAll(/[^\x20-\x7e]/g, "?");
  return malformed(`The body has an unknown member: ${within}/${shown.replaceAll("~", "~0").replaceAll("/", "~1")}`);
}
