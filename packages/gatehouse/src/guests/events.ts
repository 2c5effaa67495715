import { defineEvents } from "../kernel/event.ts";

/** Events of guests and join tokens. */
export const guestEvents = defineEvents({
  guest_joined: { level: "info", description: "A guest came in by a join token." },
  guest_join_fail: { level: "warn", description: "A join token was shown that is unknown, ended or used up." },
  join_token_created: { level: "info", description: "A join token was made." },
  join_token_rotated: { level: "info", description: "A join token got a new text." },
  join_token_revoked: { level: "warn", description: "A join token was revoked; its guests are admitted no more." },
  join_tokens_revoked: {
    level: "critical",
    description: "All join tokens of an event, or of a tenant, were revoked with their guests.",
  },
  join_token_printed: { level: "warn", description: "The text of a join token was shown again, to be printed." },
  join_tokens_imported: {
    level: "warn",
    description: "Join tokens of an earlier system were taken over, or their clear texts deleted after that.",
  },
  join_token_spike: { level: "warn", description: "A join token is used far more than at other times." },
  join_token_spike_over: { level: "info", description: "A join token is used as much as at other times again." },
  join_token_churn: {
    level: "warn",
    description: "Join tokens of a tenant end soon after they were made, or many guests come with ended ones.",
  },
  join_token_churn_over: { level: "info", description: "Join tokens of a tenant last again." },
});
