import { defineEvents } from "./event.ts";

/** Events of the pipeline and of the platform itself. */
export const events = defineEvents({
  action_performed: { level: "info", description: "An action changed something." },
  action_failed: { level: "critical", description: "An action ended in an unexpected error; nothing was changed." },
  idempotency_replayed: { level: "info", description: "A repeated request was answered with the stored result." },
  authn_required: {
    level: "info",
    description: "An attempt without a credential was made on an action that needs one.",
  },
  authn_credential_fail: {
    level: "warn",
    description: "A credential was presented that is wrong, expired or revoked.",
  },
  authz_fail: { level: "critical", description: "A principal attempted something it is not allowed to do." },
  session_use_after_expire: { level: "warn", description: "A session was used after it had expired or was ended." },
  malicious_csrf: {
    level: "warn",
    description: "CSRF_ATTACK_DETECTED: a state-changing request carried no valid security token.",
  },
  malicious_cross_origin: { level: "warn", description: "A state-changing request came from a foreign origin." },
  webhook_signature_fail: { level: "warn", description: "A signed request had a missing, wrong or stale signature." },
  excess_rate_limit_exceeded: { level: "warn", description: "RATE_LIMIT_EXCEEDED: a limit was used up." },
  excess_concurrency: { level: "warn", description: "More attempts ran at once than allowed." },
  excess_live_state: {
    level: "warn",
    description: "STATE_QUOTA_EXCEEDED: a session wanted to store more states of live components than it may.",
  },
  source_banned: { level: "warn", description: "Repeated violations led to a temporary ban." },
  source_ban_refused: { level: "warn", description: "A banned source attempted something." },
  input_validation_fail: { level: "warn", description: "Input did not fit the declared schema." },
  idempotency_conflict: { level: "warn", description: "An idempotency key was reused for a different request." },
  idempotency_claim_lost: {
    level: "warn",
    description: "An execution outlived its claim and another took over; its result was not kept.",
  },
  idempotency_unknown_outcome: {
    level: "critical",
    description: "An effect ended without a known outcome; a retry under the same key resolves it.",
  },
  request_malformed: { level: "warn", description: "A request could not be parsed or broke a protocol limit." },
  request_refused: { level: "info", description: "A request was refused for another registered reason." },
  guard_shadowed: { level: "warn", description: "A guard in shadow mode would have denied this attempt." },
  guard_disabled: {
    level: "critical",
    description: "A guard was switched off by configuration, with a stated reason.",
  },
  crypt_decrypt_fail: {
    level: "critical",
    description: "Sealed data could not be opened: tampering, or a missing key.",
  },
  crypt_plaintext_accepted: { level: "warn", description: "Unsealed data was accepted during a dated migration." },
  key_rotation_due: {
    level: "warn",
    description:
      "The keys have been in use for longer than they are meant to be; said once a day until they are rotated.",
  },
  key_rotated: { level: "info", description: "A new key version was made, to be used after a while." },
  store_unavailable: { level: "critical", description: "A store did not answer in time or refused to work." },
  store_recovered: { level: "info", description: "A store answers again." },
  uploads_unknown: {
    level: "warn",
    description: "There are uploaded files that the store knows nothing of: after a wrong setting, or an older backup.",
  },
  uploads_deleted: {
    level: "warn",
    description: "Uploaded files that the store had not known for a week were deleted.",
  },
  sys_startup: { level: "info", description: "The server started." },
  sys_shutdown: { level: "info", description: "The server stopped." },
});
