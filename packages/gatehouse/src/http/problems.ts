import { defineProblems } from "../kernel/problem.ts";

/** Problems that only the HTTP entrance can answer with. */
export const httpProblems = defineProblems({
  URI_TOO_LONG: { status: 414, message: "The address is longer than this server accepts." },
  EXPECTATION_FAILED: { status: 417, message: "This server does not support that expectation." },
  MISDIRECTED_REQUEST: { status: 421, message: "This server does not answer for that host name." },
  SERVER_STOPPING: { status: 503, message: "The server is restarting. Retry shortly." },
});
