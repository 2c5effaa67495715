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
  STATE_INVALID: { status: 409, message: "Session invalid. Please refresh the page." },
});
