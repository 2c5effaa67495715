import type { EventContext } from "../kernel/event.ts";
import { events } from "../kernel/events.ts";
import { deny, type Denial } from "../kernel/outcome.ts";
import { problems } from "../kernel/problems.ts";

/** The denial of a session that has ended. `action: "REFRESH_PAGE"` tells scripts that only a new page helps. */
export function sessionExpired(context: EventContext = {}): Denial {
  return deny(problems.SESSION_EXPIRED, {
    event: events.session_use_after_expire,
    context,
    extensions: { action: "REFRESH_PAGE" },
  });
}
