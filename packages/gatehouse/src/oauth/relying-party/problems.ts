import { defineProblems } from "../../kernel/problem.ts";

/** Problems of signing in at another place: what a relying party answers. */
export const relyingPartyProblems = defineProblems({
  SIGN_IN_INTERRUPTED: {
    status: 400,
    message: "This sign-in was begun in another browser, is over already or took too long. Begin again.",
  },
  SIGN_IN_DECLINED: { status: 403, message: "The sign-in was not completed. You can try again." },
  SIGN_IN_FAILED: {
    status: 401,
    message: "The answer of the sign-in service was not accepted. You can try again.",
  },
  SIGN_IN_TOO_WEAK: { status: 403, message: "This needs a stronger sign-in, such as with a second factor." },
  SIGN_IN_UNAVAILABLE: {
    status: 503,
    message: "The sign-in service does not answer at the moment. Nothing was lost; try again shortly.",
  },
  LOGOUT_TOKEN_REFUSED: { status: 400, message: "The logout token is not valid, or was used before." },
});
