import { z } from "zod";
import { ITEM_STATES, ORDER_STATES } from "../../kernel/work-states.ts";

/** Times are milliseconds since 1970, by the clock of the database. */
const Time = z.int();
const OrderState = z.enum(ORDER_STATES);
const ItemState = z.enum(ITEM_STATES);
const Actor = z.object({ type: z.string(), id: z.string(), on_behalf_of: z.string().optional() });
const Finding = z.object({ code: z.string(), message: z.string(), field: z.string().optional() });

/** A type of orders, with the JSON Schemas of what is proposed, handed out and handed in. */
export const WireType = z.object({
  type: z.string(),
  version: z.int(),
  title: z.string(),
  description: z.string(),
  input: z.record(z.string(), z.unknown()),
  item: z.record(z.string(), z.unknown()),
  result: z.record(z.string(), z.unknown()),
  parts: z.record(z.string(), z.record(z.string(), z.unknown())).optional(),
});

/** An order as lists show it. */
export const WireOrder = z.object({
  order: z.uuid(),
  type: z.string(),
  type_version: z.int(),
  state: OrderState,
  reason: z.string(),
  priority: z.int(),
  risk: z.enum(["low", "medium", "high"]),
  proposer: Actor,
  reverts: z.uuid().optional(),
  revision: z.int(),
  created_at: Time,
  updated_at: Time,
  closed_at: Time.optional(),
});

/** An item as its order shows it: what agents hand in is shown by the plan. */
export const WireItem = z.object({
  item: z.uuid(),
  key: z.string(),
  number: z.int(),
  state: ItemState,
  attempt: z.int(),
  attempts: z.int(),
  depends_on: z.array(z.string()),
  errors: z.array(Finding).optional(),
  updated_at: Time,
});

/** What was decided about a plan. */
export const WireReview = z.object({
  revision: z.int(),
  digest: z.string(),
  decision: z.enum(["approve", "reject", "rework"]),
  reviewer: Actor,
  notes: z.string(),
  errors: z.array(Finding).optional(),
  at: Time,
  voided: z.boolean(),
});

/** What is said of a plan where its changes are not shown. */
export const WirePlanSummary = z.object({
  revision: z.int(),
  digest: z.string(),
  created_at: Time,
  expires_at: Time.optional(),
  voided_because: z.string().optional(),
});

/** One thing that happened. */
export const WireEvent = z.object({
  event: z.string(),
  item: z.uuid().optional(),
  kind: z.string(),
  actor: Actor,
  from: z.string().optional(),
  to: z.string().optional(),
  details: z.record(z.string(), z.unknown()),
  at: Time,
});

/** An order in a list: with the members that were asked for. */
export const WireListedOrder = WireOrder.partial()
  .required({ order: true })
  .extend({
    items: z.array(WireItem).optional(),
    /** How many of its items are in which state. */
    item_counts: z.record(z.string(), z.int()).optional(),
    events: z.array(WireEvent).optional(),
  });

/** An item, as whoever has checked it out gets it. */
export const WireCheckedOut = z.looseObject({
  item: z.uuid(),
  order: z.uuid(),
  type: z.string(),
  key: z.string(),
  priority: z.int(),
  input: z.unknown(),
  attempt: z.int(),
  attempts: z.int(),
  /** To be shown with every later call about the item. */
  lease: z.string(),
  epoch: z.int(),
  lease_expires_at: Time,
  heartbeat_every_seconds: z.int(),
});

/** A part that was handed in. */
const WirePart = z.looseObject({
  part: z.string(),
  seq: z.int(),
  revision: z.int(),
  bytes: z.int(),
  checksum: z.string(),
  payload: z.unknown(),
});

/** Answers by the name of what they are of; whatever else they say may grow. */
export const ANSWERS = {
  types: z.looseObject({ types: z.array(WireType) }),
  orders: z.looseObject({ orders: z.array(WireListedOrder), next: z.string().optional() }),
  order: z.looseObject({
    order: WireOrder,
    items: z.array(WireItem),
    plan: WirePlanSummary.optional(),
    reviews: z.array(WireReview),
  }),
  events: z.looseObject({ events: z.array(WireEvent), next: z.string().optional() }),
  /** What every answer about a changed order says. */
  changed: z.looseObject({
    order: z.uuid(),
    type: z.string(),
    state: OrderState,
    reason: z.string(),
    revision: z.int(),
  }),
  noted: z.looseObject({ order: z.uuid() }),
  plan: z.looseObject({
    order: z.uuid(),
    revision: z.int(),
    digest: z.string(),
    changes: z.array(z.record(z.string(), z.unknown())),
  }),
  checkedOut: z.looseObject({ items: z.array(WireCheckedOut), server_time: Time }),
  beaten: z.looseObject({
    item: z.uuid(),
    epoch: z.int(),
    lease_expires_at: Time,
    cancel_requested: z.boolean(),
    server_time: Time,
    heartbeat_every_seconds: z.int(),
  }),
  handedIn: z.looseObject({ item: z.uuid(), state: ItemState, order: z.uuid(), order_state: OrderState }),
  part: z.looseObject({ item: z.uuid(), part: z.string(), seq: z.int(), revision: z.int(), checksum: z.string() }),
  parts: z.looseObject({ item: z.uuid(), parts: z.array(WirePart) }),
  givenUp: z.looseObject({ item: z.uuid(), state: ItemState }),
  any: z.looseObject({}),
} as const;
