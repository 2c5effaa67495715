import { defineEvents } from "../../kernel/event.ts";

/** Events of fetching media. */
export const deliveryEvents = defineEvents({
  media_address_expired: {
    level: "info",
    description: "Somebody used an address of a file after its end, or one of a grant that has changed or ended.",
  },
  media_address_refused: {
    level: "warn",
    description: "Somebody used an address of a file that nobody signed, or that leads to nothing they may see.",
  },
  media_file_missing: {
    level: "critical",
    description: "A published file is not at its storage target, or not as it was put there.",
  },
});
