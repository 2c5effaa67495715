import { defineProblems } from "../kernel/problem.ts";

/** Problems of live components. */
export const liveProblems = defineProblems({
  COMPONENT_NOT_FOUND: { status: 404, message: "There is no such component." },
  STATE_QUOTA_EXCEEDED: {
    status: 403,
    message: "Too much is kept for this visit already. What you have can still be used; leave and come back for more.",
  },
  TOPICS_REFUSED: {
    status: 409,
    message: "Some of these components cannot be followed any more; load them again first.",
  },
  UPLOAD_FAILED: { status: 503, message: "The file could not be stored. Please try again." },
  UPLOAD_QUOTA_EXCEEDED: {
    status: 403,
    message: "Too many files are waiting already. Send what you have chosen first, or try again in an hour.",
  },
  UPLOAD_TICKET_EXPIRED: { status: 403, message: "This page is too old to upload from. Please reload it." },
  UPLOAD_TICKET_INVALID: { status: 403, message: "Nothing can be uploaded from here. Please reload the page." },
  UPLOAD_TOO_LARGE: { status: 413, message: "The file is too large." },
  UPLOAD_TYPE_REFUSED: { status: 415, message: "Files of this type are not accepted here." },
  STATE_INVALID: { status: 409, message: "Session invalid. Please refresh the page." },
});
