import { z } from "zod";

const Actor = z.object({ type: z.string(), id: z.string(), on_behalf_of: z.string().optional() });
/** Who did something. */
export type Actor = z.infer<typeof Actor>;
const Finding = z.object({ code: z.string(), message: z.string(), field: z.string().optional() });
/** Something that is wrong. */
export type Finding = z.infer<typeof Finding>;
const Provenance = z.object({
  agent: z.string().optional(),
  version: z.string().optional(),
  model: z.string().optional(),
  runtime: z.string().optional(),
  request: z.string().optional(),
  ip: z.string().optional(),
  fingerprint: z.string(),
});
/** What was said and seen of a program. */
export type Provenance = z.infer<typeof Provenance>;

const Order = z.object({
  order: z.string(),
  type: z.string(),
  type_version: z.number(),
  state: z.string(),
  reason: z.string(),
  priority: z.number(),
  risk: z.enum(["low", "medium", "high"]),
  proposer: Actor,
  reverts: z.string().optional(),
  revision: z.number(),
  created_at: z.number(),
  updated_at: z.number(),
});
/** An order in a list. */
export type Order = z.infer<typeof Order>;

/** The value of `work.list`. */
export const OrderRows = z.object({ orders: z.array(Order), next: z.string().optional() });

const Count = Order.pick({ type: true, risk: true, state: true, reason: true }).extend({
  count: z.number(),
  oldest: z.number(),
});
/** How many orders are in one state. */
export type Count = z.infer<typeof Count>;

/** The value of `work.counts`. */
export const Counts = z.object({
  counts: z.array(Count),
  types: z.array(z.object({ type: z.string(), title: z.string() })),
  stopped: z.number(),
});

const Change = z.object({
  step: z.number(),
  resource: z.object({ type: z.string(), id: z.string(), label: z.string() }),
  action: z.enum(["create", "update", "delete", "invoke"]),
  /** Absent where there was nothing. */
  before: z.unknown().optional(),
  /** Absent where there will be nothing. */
  after: z.unknown().optional(),
  sensitive: z.array(z.string()),
  sources: z.array(z.string()),
});
/** What would happen to one thing. */
export type Change = z.infer<typeof Change>;

const Plan = z.object({
  revision: z.number(),
  digest: z.string(),
  created_at: z.number(),
  expires_at: z.number(),
  voided_because: z.string().optional(),
  total: z.number(),
  next: z.number().optional(),
  counts: z.object({ create: z.number(), update: z.number(), delete: z.number(), invoke: z.number() }),
  changes: z.array(Change),
  readings: z.number(),
  drift: z.array(z.object({ type: z.string(), id: z.string() })),
});
/** What an order would change. */
export type Plan = z.infer<typeof Plan>;

const Part = z.object({
  part: z.string(),
  seq: z.number(),
  revision: z.number(),
  bytes: z.number(),
  checksum: z.string(),
});
const Item = z.object({
  item: z.string(),
  key: z.string(),
  number: z.number(),
  state: z.string(),
  attempt: z.number(),
  attempts: z.number(),
  depends_on: z.array(z.string()),
  errors: z.array(Finding).optional(),
  input: z.unknown(),
  result: z.unknown().optional(),
  evidence: z.unknown().optional(),
  notes: z.unknown().optional(),
  parts: z.array(Part),
  findings: z.array(Finding).optional(),
  submitted: z.object({ by: Actor, at: z.number(), provenance: Provenance.optional() }).optional(),
});
/** A piece of an order. */
export type Item = z.infer<typeof Item>;

const Review = z.object({
  revision: z.number(),
  digest: z.string(),
  decision: z.string(),
  reviewer: Actor,
  notes: z.string(),
  errors: z.array(Finding).optional(),
  at: z.number(),
  voided: z.boolean(),
});

/** The value of `work.examine`. */
export const Examined = z.object({
  order: Order,
  provenance: Provenance,
  sealed: z.boolean(),
  title: z.string(),
  type: z.object({ title: z.string(), version: z.number(), revertible: z.boolean() }).optional(),
  standing: z.object({
    approvals: z.array(Actor),
    needed: z.number(),
    step_up: z.boolean(),
    stepped_up: z.boolean(),
    independent: z.boolean(),
    approved_already: z.boolean(),
  }),
  events: z.array(
    z.object({
      event: z.string(),
      item: z.string().optional(),
      kind: z.string(),
      actor: Actor,
      from: z.string().optional(),
      to: z.string().optional(),
      details: z.record(z.string(), z.unknown()),
      at: z.number(),
      provenance: Provenance.optional(),
    }),
  ),
  reviews: z.array(Review),
  applications: z.array(
    z.object({ revision: z.number(), attempt: z.number(), state: z.string(), detail: z.string(), at: z.number() }),
  ),
  erased: z.boolean(),
  input: z.unknown().optional(),
  plan: Plan.optional(),
  items: z.array(Item),
  total: z.number(),
  next: z.number().optional(),
});
/** All there is to an order. */
export type Examined = z.infer<typeof Examined>;

/** The value of `work.titles`. */
export const Titles = z.object({ titles: z.array(z.object({ order: z.string(), title: z.string() })) });

/** The value of `work.reveal`. */
export const RevealedStep = z.object({
  step: z.number(),
  before: z.unknown().optional(),
  after: z.unknown().optional(),
});
/** The value of `work.reveal-payloads`. */
export const RevealedPayloads = z.object({ input: z.unknown(), items: z.array(Item) });

/** The value of `work.pauses`. */
export const Pauses = z.object({
  pauses: z.array(
    z.object({ kind: z.string(), name: z.string(), reason: z.string(), paused_by: z.string(), at: z.number() }),
  ),
});

/** What every action says of the order that it has changed. */
export const ChangedOrder = z.object({ order: z.string() });
