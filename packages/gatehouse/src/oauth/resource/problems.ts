import { defineProblems } from "../../kernel/problem.ts";

/** Problems of callers who present access tokens (RFC 6750 section 3.1, RFC 9449 section 7.1, RFC 9470 section 3). */
export const resourceProblems = defineProblems({
  ACCESS_TOKEN_INVALID: {
    status: 401,
    message: "The access token is wrong, expired, revoked or not meant for this resource. Obtain a new one.",
    oauthError: "invalid_token",
  },
  PROOF_INVALID: {
    status: 401,
    message: "The DPoP proof is missing, wrong, too old or was used before. Make a new one for each request.",
    oauthError: "invalid_dpop_proof",
  },
  PROOF_NONCE_REQUIRED: {
    status: 401,
    message: "The DPoP proof needs the nonce of the DPoP-Nonce header. Make a new proof with it.",
    oauthError: "use_dpop_nonce",
  },
  INSUFFICIENT_SCOPE: {
    status: 403,
    message: "The access token does not allow this. Ask for the scopes that are named.",
    oauthError: "insufficient_scope",
  },
  INSUFFICIENT_USER_AUTHENTICATION: {
    status: 401,
    message: "This needs a fresh sign-in with a second factor. Obtain a new token by one.",
    oauthError: "insufficient_user_authentication",
  },
  ISSUER_UNAVAILABLE: {
    status: 503,
    message: "Access tokens cannot be checked at the moment. Retry shortly.",
  },
});
