import { z } from "zod";
import { defineAction, type AnyAction } from "../../kernel/action.ts";
import { workEvents } from "../events.ts";
import { actorOf, provenanceOf } from "../provenance.ts";
import { erased, unknownOrder } from "../review/answers.ts";
import { OrderId, Reason } from "../review/inputs.ts";
import { eventOf } from "../review/order-steps.ts";
import type { WorkReviewParts } from "../review/review-parts.ts";
import { asTheyAre } from "./masking.ts";
import { showItems } from "./shown-items.ts";

const Reveal = z.strictObject({
  order: OrderId,
  items_after: z.int().min(0).default(0),
  limit: z.int().min(1).max(100).default(50),
  reason: Reason,
});

/** Shows what was asked for and handed in without masks, and tells that somebody has looked. */
export function revealPayloadsAction(parts: WorkReviewParts): AnyAction {
  const { orders, types, payloads: all, rules, entrances } = parts;
  return defineAction({
    // Every look is told, repeated ones as well; and no answer of it is kept anywhere.
    ...{ name: "work.reveal-payloads", entrances, input: Reveal, effects: "store", idempotency: false },
    authorise: rules.permit("work:review", "work.reveal-payloads"),
    audit: {
      event: workEvents.work_value_revealed,
      target: ({ order }) => order,
      context: ({ items_after: after, reason }) => ({ reason, members: "payloads", after }),
    },
    async run({ attempt, principal, input, transaction }) {
      const order = await orders.find(transaction, { tenant: attempt.tenant, id: input.order });
      if (order === undefined) return unknownOrder();
      const payloads = await all.of(transaction, order);
      if (payloads === undefined) return erased();
      const { items_after: after, limit, reason } = input;
      const opened = { order, type: types.find(order.type), payloads, show: asTheyAre };
      const shown = await showItems(parts, transaction, { opened, page: { after, limit } });
      const telling = { kind: "revealed", actor: actorOf(principal), provenance: provenanceOf(attempt) };
      const told = { ...telling, plain: { members: ["payloads"], after }, payload: { reason }, payloads };
      // Of orders that have gone to the history, the audit trail alone tells it.
      if ((await orders.lock(transaction, order)) !== undefined)
        await orders.note(transaction, order, eventOf(order, told, undefined));
      const given: unknown = JSON.parse(payloads.open(["input"], order.input));
      return { order: order.id, input: given, items: shown.items };
    },
  });
}
