import { defineEvents } from "../kernel/event.ts";

/** Events of the audit trail about itself. */
export const events = defineEvents({
  audit_events_dropped: {
    level: "critical",
    description: "Events could not be recorded while the store was unavailable; the row says how many.",
  },
  audit_trail_pruned: { level: "info", description: "Rows older than the retention period were deleted." },
});
