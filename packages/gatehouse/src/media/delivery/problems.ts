import { defineProblems } from "../../kernel/problem.ts";

/** Problems of fetching media. */
export const deliveryProblems = defineProblems({
  MEDIA_ADDRESS_REFUSED: {
    status: 403,
    message: "This address is not valid, or not any more. Load the page again to get a new one.",
  },
  MEDIA_ADDRESS_RETIRED: {
    status: 410,
    message: "Files have no fixed addresses any more. Load the page again to get a new one.",
  },
  RANGE_NOT_SATISFIABLE: { status: 416, message: "The file does not reach as far as the range that was asked for." },
  MEDIA_UNAVAILABLE: { status: 503, message: "The file cannot be read at the moment. Please try again." },
});
