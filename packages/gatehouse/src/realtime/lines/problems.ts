import { defineProblems } from "../../kernel/problem.ts";

/** Problems that only those meet who open a connection. */
export const lineProblems = defineProblems({
  UPGRADE_REQUIRED: { status: 426, message: "This address speaks WebSocket only." },
  CONNECTIONS_EXHAUSTED: { status: 503, message: "This server has as many connections as it can hold. Retry shortly." },
});
