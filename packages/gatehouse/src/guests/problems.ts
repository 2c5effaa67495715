import { defineProblems } from "../kernel/problem.ts";

/** Problems of join tokens. */
export const guestProblems = defineProblems({
  JOIN_TOKEN_UNKNOWN: {
    status: 404,
    message: "This invitation is not known. Scan the code again, or ask the hosts for another.",
  },
  JOIN_TOKEN_EXPIRED: { status: 410, message: "This invitation has expired. Ask the hosts for another." },
  JOIN_TOKEN_REVOKED: { status: 410, message: "This invitation was withdrawn. Ask the hosts for another." },
  JOIN_TOKEN_FULL: { status: 409, message: "As many guests as were invited have come in by this invitation already." },
  JOIN_AS_USER: {
    status: 409,
    message: "You are signed in with an account. Sign out first, or open the invitation in a private window.",
  },
});
