import { defineEvents } from "../kernel/event.ts";

/** Events of files that were brought. */
export const mediaEvents = defineEvents({
  media_asset_published: { level: "info", description: "A file was scanned, scrubbed and made visible." },
  media_asset_held: { level: "warn", description: "A file waits: for a scanner, a moderator or an operator." },
  media_asset_withheld: {
    level: "critical",
    description:
      "A file that was published cannot be scanned any more: it is held until it can, or an operator decides.",
  },
  media_asset_refused: {
    level: "warn",
    description: "A file was not published: damaged, of a wrong type, over a limit, suspicious or not scannable.",
  },
  malicious_media_found: {
    level: "critical",
    description: "A scanner found malware in a file; where it had been published before, it was withdrawn.",
  },
  media_rehearsal_blocked: {
    level: "info",
    description: "A scanner found the test signature in a file by which a monitor tries whether it does.",
  },
  media_asset_moderated: { level: "info", description: "A file was published, hidden or rejected by somebody's word." },
  media_asset_deleted: { level: "warn", description: "A file was deleted with all its forms." },
  media_taken_over: { level: "info", description: "Files of an earlier system were taken over." },
  media_rescan_ordered: { level: "info", description: "A file, or all of a collection, is to be looked at anew." },
  media_rescan_started: {
    level: "info",
    description: "The scanner has other signatures: recent files are scanned again.",
  },
  media_queue_late: {
    level: "critical",
    description: "Files have been waiting for longer than they should; the context says what the scanner does.",
  },
  media_queue_recovered: { level: "info", description: "No file waits longer than it should any more." },
  media_processing_failed: { level: "critical", description: "A file could not be processed, again and again." },
  media_scanner_off: { level: "warn", description: "The server publishes files that nothing has scanned." },
});
