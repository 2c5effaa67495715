import { z } from "zod";
import { defineAction, type AnyAction } from "../../kernel/action.ts";
import type { WorkOrderFilter } from "../../kernel/ports/work-orders.ts";
import { ITEM_STATES, ORDER_STATES } from "../../kernel/work-states.ts";
import { hasScope, isProposer } from "../review/access.ts";
import { OrderId } from "../review/inputs.ts";
import type { WorkReadingParts } from "./reading-parts.ts";
import { shownOrder } from "./shown.ts";

const List = z.strictObject({
  states: z.array(z.enum(ORDER_STATES)).min(1).max(ORDER_STATES.length).optional(),
  reasons: z.array(z.string().min(1).max(100)).min(1).max(20).optional(),
  types: z.array(z.string().min(1).max(100)).min(1).max(50).optional(),
  risks: z
    .array(z.enum(["low", "medium", "high"]))
    .min(1)
    .max(3)
    .optional(),
  item_states: z.array(z.enum(ITEM_STATES)).min(1).max(ITEM_STATES.length).optional(),
  proposer: z.string().min(1).max(200).optional(),
  min_priority: z.int().min(-100).max(100).optional(),
  created_after: z.int().min(0).optional(),
  created_before: z.int().min(0).optional(),
  available: z.boolean().optional(),
  after: OrderId.optional(),
  limit: z.int().min(1).max(100).default(50),
});

/** Lists orders: all of the tenant for those who review or administer, their own for all others. */
export function listAction({ orders, rules, entrances }: WorkReadingParts): AnyAction {
  return defineAction({
    ...{ name: "work.list", entrances, input: List, effects: "none", limits: rules.limits },
    authorise: rules.permit("work:read", "work.list"),
    async run(context) {
      const { attempt, principal, input, transaction } = context;
      const all =
        (await hasScope(rules, ["work:review", "work.list"], context)) ||
        (await hasScope(rules, ["work:admin", "work.list"], context));
      const filter = { ...filterOf(input), ...(all ? {} : { proposer: principal.id }) };
      const { after, limit } = input;
      const page = { filter, limit: limit + 1, ...(after === undefined ? {} : { after }) };
      const found = await orders.list(transaction, attempt.tenant, page);
      const listed = found.slice(0, limit);
      const last = listed.at(-1);
      // Principals of different kinds may be named alike.
      const seen = all ? listed : listed.filter((order) => isProposer(order, context));
      return { orders: seen.map(shownOrder), ...(found.length > limit && last !== undefined ? { next: last.id } : {}) };
    },
  });
}

function filterOf(input: z.output<typeof List>): WorkOrderFilter {
  const { states, reasons, types, risks, item_states: itemStates, proposer, available } = input;
  const { min_priority: leastPriority, created_after: createdAfter, created_before: createdBefore } = input;
  const given = {
    states,
    reasons,
    types,
    risks,
    itemStates,
    proposer,
    available,
    leastPriority,
    createdAfter,
    createdBefore,
  };
  // What was not asked for is not a filter.
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as WorkOrderFilter;
}
