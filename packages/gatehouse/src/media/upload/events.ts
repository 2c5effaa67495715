import { defineEvents } from "../../kernel/event.ts";

/** Events of uploads that arrive in pieces. */
export const uploadEvents = defineEvents({
  media_upload_begun: { level: "info", description: "An upload to a collection was begun." },
  media_upload_advanced: { level: "info", description: "A part of an upload to a collection has arrived." },
  media_upload_received: { level: "info", description: "All of an upload has arrived; it waits to be looked at." },
  media_upload_terminated: { level: "info", description: "An upload was given up by whoever had begun it." },
  media_upload_expired: { level: "info", description: "Uploads were given up because their time had run out." },
  media_upload_refused: {
    level: "warn",
    description: "An upload was refused: no grant, no room, too large, or against the protocol.",
  },
  media_upload_foreign: {
    level: "warn",
    description: "Somebody asked for an upload that is not theirs, or not there.",
  },
  media_upload_corrupted: {
    level: "warn",
    description: "UPLOAD_CHECKSUM_MISMATCH, UPLOAD_DIGEST_MISMATCH: what arrived was not what was sent.",
  },
  media_upload_lost: {
    level: "critical",
    description: "A file in quarantine is shorter than what was acknowledged of it; its upload was ended.",
  },
  media_upload_failed: {
    level: "critical",
    description: "UPLOAD_STORAGE_FULL, UPLOAD_STORAGE_FAILED: a file could not be stored.",
  },
});
