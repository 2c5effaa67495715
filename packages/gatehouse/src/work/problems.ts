import { defineProblems } from "../kernel/problem.ts";

/** What agents and reviewers can be told besides what every caller can. */
export const workProblems = defineProblems({
  WORK_TYPE_UNKNOWN: {
    status: 404,
    message: "There is no such type of orders. Ask for the types to see which there are.",
  },
  WORK_ORDER_UNKNOWN: { status: 404, message: "There is no such order." },
  WORK_ITEM_UNKNOWN: { status: 404, message: "There is no such item." },
  WORK_STATE_CONFLICT: {
    status: 409,
    message: "The order is not in a state in which this can be done. Look at it again.",
  },
  LEASE_LOST: { status: 409, message: "This lease is not yours any more, or never was. Check out another item." },
  LEASE_EXPIRED: {
    status: 409,
    message: "This lease has run out, and the item has been put back. Check out another one.",
  },
  NO_ITEMS_AVAILABLE: { status: 409, message: "There is nothing to do just now.", retryable: true },
  WORK_CAPPED: { status: 429, message: "As many items are held as may be at once. End one first.", retryable: true },
  WORK_PAUSED: { status: 423, message: "This work has been stopped by an operator.", retryable: true },
  WORK_SUBMISSION_REFUSED: { status: 422, message: "The result is not what this type of order asks for." },
  PLAN_STALE: {
    status: 409,
    message: "What the plan rests on has changed since. A new plan is made; look at that one.",
  },
  PLAN_DIVERGED: {
    status: 409,
    message: "Carrying out the plan would have changed something else than it says. Nothing was changed.",
  },
  PLAN_DIGEST_MISMATCH: {
    status: 412,
    message: "The plan is another one than you have looked at. Look at the new one.",
  },
  REVIEWER_NOT_INDEPENDENT: {
    status: 403,
    message: "Whoever has proposed an order or worked on it cannot review it. Have somebody else do so.",
  },
  REVIEW_NEEDS_STEP_UP: { status: 403, message: "This review needs a fresh sign-in with a second factor." },
  FORBIDDEN_DIRECT_MUTATION: { status: 403, message: "This can be changed by a work order alone." },
  WORK_SUBJECT_ERASED: {
    status: 410,
    message: "Whose data this is was erased for good. Nothing can be proposed about them, and nothing be read.",
  },
  WORK_NOT_REVERTIBLE: { status: 409, message: "What this order has changed cannot be taken back by itself." },
});
