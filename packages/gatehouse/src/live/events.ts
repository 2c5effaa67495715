import { defineEvents } from "../kernel/event.ts";

/** Events of live components. */
export const liveEvents = defineEvents({
  upload_complete: { level: "info", description: "A file was uploaded; it waits for an action to take it." },
  upload_ticket_refused: {
    level: "warn",
    description: "An upload came with a ticket that is missing, forged, too old, or for another field or visitor.",
  },
  upload_reference_refused: {
    level: "warn",
    description: "An action was given an upload that is forged, somebody else's, used up or no longer there.",
  },
  upload_type_refused: {
    level: "warn",
    description: "UPLOAD_TYPE_REFUSED: the content of a file was not of an accepted type.",
  },
  excess_upload: {
    level: "warn",
    description: "UPLOAD_TOO_LARGE, UPLOAD_QUOTA_EXCEEDED: a file, or what waits of a session, was too large.",
  },
  upload_failed: { level: "critical", description: "UPLOAD_FAILED: a file could not be stored." },
});
