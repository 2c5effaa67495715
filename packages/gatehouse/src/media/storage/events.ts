import { defineEvents } from "../../kernel/event.ts";

/** Events of storage targets and of what lies at them. */
export const storageEvents = defineEvents({
  storage_copy_damaged: {
    level: "critical",
    description:
      "A copy at a storage target is not what was put there, or is gone. Nothing that relies on it is deleted.",
  },
  storage_copy_healed: { level: "warn", description: "A damaged copy was replaced from the other, and read back." },
  storage_file_lost: {
    level: "critical",
    description: "A file is damaged and there is no other copy to heal it from.",
  },
  storage_transfers_halted: {
    level: "critical",
    description: "Too many damaged copies: transfers to the archive and deletions stop until an operator resumes them.",
  },
  storage_transfers_resumed: { level: "warn", description: "An operator let transfers to the archive go on." },
  storage_transfer_failed: { level: "warn", description: "A transfer failed for good; it is planned again later." },
  storage_stray_deleted: {
    level: "warn",
    description: "A file in the archive that nothing is recorded of was deleted, a day after it was found.",
  },
  storage_target_alarm: {
    level: "critical",
    description: "A storage target does not answer, is nearly full, or answers much slower than it used to.",
  },
  storage_target_warning: { level: "warn", description: "A storage target is filling up." },
  storage_target_recovered: { level: "info", description: "What an alarm on a storage target was about is over." },
  storage_archived: { level: "info", description: "An operator had files archived ahead of time." },
  storage_restored: { level: "info", description: "An operator had files brought back from the archive." },
  storage_verified: { level: "info", description: "An operator had copies read and compared with their digests." },
});
