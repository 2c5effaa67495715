import { defineEvents } from "../../kernel/event.ts";

/** Events of callers who present access tokens. */
export const resourceEvents = defineEvents({
  authn_token_refused: {
    level: "warn",
    description: "ACCESS_TOKEN_INVALID: an access token was wrong, expired, revoked or meant for another resource.",
  },
  authn_proof_refused: {
    level: "warn",
    description: "PROOF_INVALID: a DPoP proof was missing or did not fit its request, its token or its key.",
  },
  authn_proof_replayed: {
    level: "critical",
    description: "A DPoP proof was used a second time: somebody has read a request on its way.",
  },
  authn_nonce_asked: { level: "info", description: "A DPoP proof came without a current nonce; one was sent." },
  oauth_issuer_unavailable: {
    level: "critical",
    description: "ISSUER_UNAVAILABLE: keys or answers of an issuer could not be had, so its tokens were refused.",
  },
});
