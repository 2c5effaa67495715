import { defineEvents } from "../../kernel/event.ts";

/** Events of the nodes among themselves. */
export const clusterEvents = defineEvents({
  realtime_message_refused: {
    level: "critical",
    description:
      "Somebody who can publish on the bus sent a message that no node of this installation can have sent, or sent one again. Said once a minute.",
  },
  realtime_lease_lost: {
    level: "critical",
    description: "A node did not renew its lease in time: others may run its actors now, and it has dropped them.",
  },
});
