import { defineEvents } from "../../kernel/event.ts";

/** Events of relying parties. */
export const relyingPartyEvents = defineEvents({
  oauth_sign_in_begun: { level: "info", description: "Somebody was sent to the issuer to sign in." },
  oauth_signed_in: { level: "info", description: "Somebody came back from the issuer and is signed in here." },
  oauth_sign_in_fail: { level: "warn", description: "What came back from the issuer was not accepted." },
  oauth_sign_in_replayed: {
    level: "warn",
    description: "SIGN_IN_INTERRUPTED: an answer of the issuer came to a browser that did not ask for it, or again.",
  },
  oauth_signed_out: { level: "info", description: "Somebody signed out of an application." },
  oauth_sessions_ended: { level: "info", description: "The issuer ended somebody's sessions over its back channel." },
  oauth_logout_token_refused: {
    level: "warn",
    description: "LOGOUT_TOKEN_REFUSED: a logout token was forged, expired or used before.",
  },
});
