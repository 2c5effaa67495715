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
  oauth_grant_reused: {
    level: "critical",
    description: "OAUTH_GRANT_REFUSED: a code or refresh token came a second time; all tokens of its grant ended.",
  },
  oauth_grant_moved: {
    level: "warn",
    description: "A refresh token was used from another device, network or program; the client's policy decided.",
  },
  oauth_grant_revoked: { level: "warn", description: "Grants were ended, with all tokens they led to." },
  oauth_key_changed: { level: "warn", description: "A signing key was made, took over, retired or was pruned." },
  oauth_keys_operated: { level: "warn", description: "An operator rotated, pruned or withdrew signing keys." },
  oauth_key_compromised: {
    level: "critical",
    description: "A signing key was withdrawn because somebody else has it.",
  },
  authn_login_success: { level: "info", description: "Somebody proved who they are." },
  authn_login_fail: { level: "warn", description: "SIGN_IN_REFUSED: identifier and password do not go together." },
  authn_login_fail_max: { level: "warn", description: "Guessing at an account was slowed down." },
  authn_factor_fail: { level: "warn", description: "FACTOR_REFUSED: a second factor was wrong or used up." },
  authn_factor_replayed: { level: "warn", description: "A code was used a second time." },
  authn_login_aborted: { level: "info", description: "Somebody went back to the application without signing in." },
  authn_passkey_asked: { level: "info", description: "A browser was told what to ask a passkey." },
  oauth_consent_given: { level: "info", description: "Somebody allowed an application what it asked for." },
  authn_passkey_fail: { level: "warn", description: "PASSKEY_REFUSED: a passkey's answer could not be verified." },
  authn_passkey_copied: {
    level: "critical",
    description: "A passkey's counter went back: there may be a copy of it.",
  },
  authn_password_change: { level: "info", description: "A password was changed; all sessions and tokens ended." },
  authn_factor_added: { level: "info", description: "An account got a further factor." },
  authn_factor_removed: { level: "info", description: "An account lost a factor." },
  account_link_refused: { level: "warn", description: "A link sent by e-mail was wrong, used up or expired." },
  user_created: { level: "warn", description: "An account was created." },
  user_invited: { level: "info", description: "Somebody was invited to have an account." },
  user_updated: { level: "warn", description: "An account was changed." },
  user_disabled: { level: "warn", description: "An account was disabled; all its sessions and tokens ended." },
  user_enabled: { level: "warn", description: "An account was enabled again." },
  user_deleted: { level: "warn", description: "An account was deleted with all that belongs to it." },
});
