import { defineEvents } from "../kernel/event.ts";

/** Events of the HTTP entrance. */
export const httpEvents = defineEvents({
  malicious_csp_violation: {
    level: "warn",
    description: "A browser reported that a page tried something its content security policy forbids.",
  },
  session_without_encryption: {
    level: "warn",
    description: "A page was served over plain http to another machine: browsers keep no session there.",
  },
});
