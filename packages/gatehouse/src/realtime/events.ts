import { defineEvents } from "../kernel/event.ts";

/** Events of realtime connections. */
export const realtimeEvents = defineEvents({
  connection_flooded: {
    level: "warn",
    description: "A connection was closed: it sent many times more than it may, or nothing but errors.",
  },
  connection_protocol_fail: {
    level: "warn",
    description: "A connection was closed: what it sent is not of the protocol.",
  },
  connection_stale: {
    level: "info",
    description: "A connection was closed: it did not say in time who it is.",
  },
  connection_slow: {
    level: "warn",
    description: "A connection was closed: its reader took less than there was to tell it.",
  },
  connection_ended: {
    level: "info",
    description: "A connection was closed: its session, token or permission has ended.",
  },
});
