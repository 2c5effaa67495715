import { z } from "zod";
import { defineAction, type AnyAction } from "../../kernel/action.ts";
import { deny, type Denial } from "../../kernel/outcome.ts";
import type { WorkOrderFilter } from "../../kernel/ports/work-orders.ts";
import { problems } from "../../kernel/problems.ts";
import { ITEM_STATES, ORDER_STATES } from "../../kernel/work-states.ts";
import { actorOf } from "../provenance.ts";
import { hasScope } from "../review/access.ts";
import { nextPage, PageStart, readPageStart, Sorting, sortOf } from "./list-page.ts";
import { Fields, Includes, listedOrder } from "./list-shape.ts";
import type { WorkReadingParts } from "./reading-parts.ts";

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
  /** Without it, those of highest priority come first, and then the oldest. */
  sort: Sorting.optional(),
  fields: Fields.optional(),
  include: Includes.optional(),
  after: PageStart.optional(),
  limit: z.int().min(1).max(100).default(50),
});

/** Lists orders: all of the tenant for those who review or administer, their own for all others. */
export function listAction(parts: WorkReadingParts): AnyAction {
  const { orders, rules, entrances } = parts;
  return defineAction({
    ...{ name: "work.list", entrances, input: List, effects: "none", limits: rules.limits },
    authorise: rules.permit("work:read", "work.list"),
    async run(context) {
      const { attempt, principal, input, transaction } = context;
      const all =
        (await hasScope(rules, ["work:review", "work.list"], context)) ||
        (await hasScope(rules, ["work:admin", "work.list"], context));
      const filter = { ...filterOf(input), ...(all ? {} : { proposedBy: actorOf(principal) }) };
      const { sort, fields, include, limit } = input;
      const after = input.after === undefined ? undefined : readPageStart(input.after, sort);
      if (input.after !== undefined && after === undefined) return strangePage();
      const found = await orders.list(transaction, attempt.tenant, {
        ...{ filter, limit: limit + 1 },
        ...(sort === undefined ? {} : { sort: sortOf(sort) }),
        ...(after === undefined ? {} : { after }),
      });
      const listed = found.slice(0, limit);
      const last = listed.at(-1);
      const shown = [];
      for (const order of listed) shown.push(await listedOrder(parts, transaction, { order, fields, include }));
      const more = found.length > limit && last !== undefined;
      return { orders: shown, ...(more ? { next: nextPage(last, sort) } : {}) };
    },
  });
}

function strangePage(): Denial {
  const message = "It names no page of this list. Take it from `next`, and keep the list sorted as it was.";
  return deny(problems.VALIDATION_ERROR, { violations: [{ pointer: "/after", message }] });
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
