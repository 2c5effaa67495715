import { defineProblems } from "../../kernel/problem.ts";

/** Problems of actors. */
export const actorProblems = defineProblems({
  ACTOR_BUSY: { status: 429, message: "Too much is waiting to be done here. Retry shortly, with the same id." },
  ACTOR_MOVED: {
    status: 503,
    message: "This is being taken over by another server. Nothing was changed; retry shortly, with the same id.",
  },
  ACTOR_STATE_TOO_LARGE: { status: 413, message: "There is no more room here. Nothing was changed." },
  ACTOR_MUTED: { status: 403, message: "You have been muted here for a while. You can listen, but not speak." },
  CHANNEL_NOT_FOUND: { status: 404, message: "There is no such channel." },
});
