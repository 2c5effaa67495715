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
  connections_kicked: {
    level: "warn",
    description: "An operator closed connections, or had them hear a channel no more.",
  },
  principal_muted: { level: "warn", description: "An operator had actors take no commands of somebody for a while." },
  principal_unmuted: { level: "info", description: "An operator let somebody speak again who had been muted." },
  room_closed: { level: "warn", description: "An operator ended an actor: its state and streams are deleted." },
  room_broadcast: { level: "info", description: "An operator had an actor emit an event." },
});
