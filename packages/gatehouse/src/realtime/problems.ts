import { defineProblems } from "../kernel/problem.ts";

/** Problems of realtime connections. */
export const realtimeProblems = defineProblems({
  FRAME_MALFORMED: {
    status: 400,
    message: "The command could not be understood. Check its form, its channel, and the parts of its key.",
    closeCode: 3501,
  },
  COMMAND_TOO_LARGE: { status: 413, message: "What the connection says about itself is too large." },
  TOKEN_EXPIRED: { status: 401, message: "The token has expired. Obtain a new one.", closeCode: 3005 },
  TICKET_FOR_ANOTHER: { status: 403, message: "The ticket was issued for another actor." },
  METHOD_UNKNOWN: { status: 404, message: "There is no such command." },
  NOT_SUBSCRIBED: { status: 400, message: "This channel is not subscribed to." },
  ALREADY_SUBSCRIBED: { status: 409, message: "This channel is subscribed to already." },
  CHANNEL_LIMIT: { status: 403, message: "This connection hears as many channels as it may.", closeCode: 3505 },
  POSITION_UNRECOVERABLE: {
    status: 409,
    message: "What was missed is not to be had any more. Load the current state instead.",
  },
  COMMANDS_TOO_FAST: { status: 429, message: "This connection sends commands faster than it may." },
});
