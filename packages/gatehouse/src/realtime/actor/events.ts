import { defineEvents } from "../../kernel/event.ts";

/** Events of actors. */
export const actorEvents = defineEvents({
  actor_fenced: {
    level: "warn",
    description: "A server wanted to change an actor that another one had taken over; nothing was changed.",
  },
  actor_moved: { level: "info", description: "A command reached a server that does not run its actor." },
  actor_mute_refused: { level: "info", description: "Somebody who has been muted at an actor wanted to speak to it." },
  actor_timer_unknown: {
    level: "warn",
    description: "A timer is due of an actor type that this server does not know; it was put off for an hour.",
  },
  excess_actor_mailbox: { level: "warn", description: "More commands waited for one actor than may." },
  excess_actor_state: { level: "warn", description: "The state of an actor would have become larger than it may be." },
});
