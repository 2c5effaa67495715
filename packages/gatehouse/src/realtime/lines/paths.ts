/** Where lines are opened, as clients of the protocol know it. */
export const LINE_PATHS = {
  websocket: "/connection/websocket",
  stream: "/connection/http_stream",
  sse: "/connection/sse",
  ticket: "/connection/ticket",
  emulation: "/emulation",
} as const;
