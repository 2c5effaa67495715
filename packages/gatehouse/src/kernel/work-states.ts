/** What becomes of a work order, from its proposal to its end. */
export const ORDER_STATES = [
  "queued",
  "checked_out",
  "in_progress",
  "submitted",
  "approved",
  "applied",
  "completed",
  "rejected",
  "failed",
  "dead_lettered",
  "cancelled",
] as const;
/** The state of an order. */
export type OrderState = (typeof ORDER_STATES)[number];

/** What becomes of one item of an order. */
export const ITEM_STATES = [
  "queued",
  "leased",
  "in_progress",
  "submitted",
  "accepted",
  "completed",
  "rejected",
  "failed",
  "dead_lettered",
  "cancelled",
] as const;
/** The state of an item. */
export type ItemState = (typeof ITEM_STATES)[number];

/**
 * Where an order can go from each state. Back from `submitted` to `queued` is rework; back from `approved` to `submitted`
 * is a plan whose basis has changed. The tables refuse every other step.
 */
export const ORDER_STEPS: Readonly<Record<OrderState, readonly OrderState[]>> = {
  queued: ["checked_out", "submitted", "rejected", "failed", "cancelled"],
  checked_out: ["in_progress", "submitted", "queued", "failed", "cancelled"],
  in_progress: ["submitted", "queued", "failed", "cancelled"],
  submitted: ["approved", "rejected", "queued", "failed", "cancelled"],
  approved: ["applied", "submitted", "failed", "cancelled"],
  applied: ["completed", "failed"],
  completed: [],
  rejected: ["queued", "dead_lettered"],
  failed: ["queued", "dead_lettered", "cancelled"],
  dead_lettered: [],
  cancelled: [],
};

/** Where an item can go from each state. */
export const ITEM_STEPS: Readonly<Record<ItemState, readonly ItemState[]>> = {
  queued: ["leased", "failed", "cancelled"],
  leased: ["in_progress", "submitted", "queued", "failed", "cancelled"],
  in_progress: ["submitted", "queued", "failed", "cancelled"],
  submitted: ["accepted", "rejected", "queued", "failed", "cancelled"],
  accepted: ["completed", "submitted", "queued", "failed", "cancelled"],
  completed: [],
  rejected: ["queued", "failed", "dead_lettered"],
  failed: ["queued", "dead_lettered", "cancelled"],
  dead_lettered: [],
  cancelled: [],
};

/**
 * Milliseconds of waiting that count as much as one point of priority. Since everything grows older alike, what comes first is
 * told by `run_at - priority * WAIT_PER_POINT`, which no time changes and an index holds. A change needs a new index.
 */
export const WAIT_PER_POINT = 60_000;
