import { defineEvents } from "../kernel/event.ts";

/** Events of the HTTP entrance. */
export const httpEvents = defineEvents({
  malicious_csp_violation: {
    level: "warn",
    description: "A browser reported that a page tried something its content security policy forbids.",
  },
  request_cut_at_stop: {
    level: "info",
    description: "The server was stopping, and the body of a request ended before all of it had arrived.",
  },
  session_without_encryption: {
    level: "warn",
    description: "A page was served over plain http to another machine: browsers keep no session there.",
  },
});
