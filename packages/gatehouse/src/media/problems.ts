import { defineProblems } from "../kernel/problem.ts";

/** Problems of files that were brought. */
export const mediaProblems = defineProblems({
  MEDIA_NOT_SCANNED: {
    status: 409,
    message: "This file has not been found clean. It can be rejected or scanned again, not published.",
  },
  MEDIA_WITHHELD: { status: 403, message: "Only an operator decides about this file." },
  MEDIA_FILE_GONE: { status: 409, message: "The file that was received is not there any more." },
});
