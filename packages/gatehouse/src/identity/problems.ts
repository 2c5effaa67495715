import { defineProblems } from "../kernel/problem.ts";

/** Problems of the OAuth protocol: what the engine refuses, by the error it names (RFC 6749 section 5.2 and others). */
export const oauthProblems = defineProblems({
  OAUTH_REQUEST_REFUSED: {
    status: 400,
    message: "The request does not follow the protocol.",
    oauthError: "invalid_request",
  },
  OAUTH_CLIENT_REFUSED: {
    status: 401,
    message: "The client could not be authenticated.",
    oauthError: "invalid_client",
  },
  OAUTH_GRANT_REFUSED: {
    status: 400,
    message: "The code or token is wrong, used up, expired or revoked. Begin again.",
    oauthError: "invalid_grant",
  },
  OAUTH_TOKEN_REFUSED: {
    status: 401,
    message: "The access token is wrong, expired or revoked.",
    oauthError: "invalid_token",
  },
  OAUTH_SCOPE_REFUSED: {
    status: 400,
    message: "The scope is not granted to this client.",
    oauthError: "invalid_scope",
  },
  OAUTH_LIMIT_EXCEEDED: {
    status: 429,
    message: "Too many requests",
    oauthError: "rate_limit_exceeded",
    retryable: true,
  },
  OAUTH_REGISTRATION_CLOSED: {
    status: 503,
    message: "Clients cannot register at the moment.",
    oauthError: "temporarily_unavailable",
    retryable: true,
  },
  OAUTH_PENDING: {
    status: 400,
    message: "The person has not decided yet. Ask again later.",
    oauthError: "authorization_pending",
    retryable: true,
  },
});

/** Problems of the registry of clients. */
export const clientProblems = defineProblems({
  CLIENT_FIXED: { status: 409, message: "This cannot be changed here." },
});

/** Problems of accounts and of signing in. */
export const accountProblems = defineProblems({
  SIGN_IN_REFUSED: { status: 401, message: "The e-mail address or the password is not right." },
  FACTOR_REFUSED: { status: 401, message: "The code is wrong, used up or expired." },
  PASSKEY_REFUSED: { status: 401, message: "The passkey was not accepted. Try again, or sign in another way." },
  SIGN_IN_ENDED: { status: 410, message: "This sign-in is over. Go back to the application and start again." },
  SIGN_IN_STEP_LOST: { status: 409, message: "Sign in again: what was proven before does not count any more." },
  STEP_UP_REQUIRED: { status: 401, message: "Confirm that it is you to do this." },
  REGISTRATION_CLOSED: { status: 403, message: "Accounts are given by invitation here." },
  ACCOUNT_PAGE_STALE: {
    status: 409,
    message: "This page is out of date: it belongs to another account, or the account has changed. Nothing was done.",
  },
  FACTOR_INDISPENSABLE: { status: 409, message: "This account must keep a second factor. Add another one first." },
  ACCOUNT_LINK_INVALID: { status: 400, message: "This link is wrong, used up or expired. Ask for a new one." },
  ACCOUNT_DISABLED: { status: 409, message: "This account is disabled. Enable it first." },
  ACCOUNT_EXISTS: { status: 409, message: "There is an account with this e-mail address already." },
});
