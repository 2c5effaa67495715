import { defineEvents } from "../kernel/event.ts";

/** Events of the identity provider. */
export const identityEvents = defineEvents({
  oauth_token_issued: { level: "info", description: "The token endpoint issued tokens to a client." },
  oauth_answered: { level: "info", description: "An endpoint of the protocol answered a request." },
  oauth_client_registered: { level: "info", description: "A client registered itself." },
  oauth_request_refused: { level: "warn", description: "The protocol engine refused a request." },
  oauth_client_authn_fail: { level: "warn", description: "OAUTH_CLIENT_REFUSED: a client could not be authenticated." },
  oauth_grant_refused: {
    level: "warn",
    description: "OAUTH_GRANT_REFUSED: a code or refresh token was wrong, used up, expired or revoked.",
  },
});
