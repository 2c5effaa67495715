import { z } from "zod";
import { defineAction, type ActionContext, type AnyAction } from "../../kernel/action.ts";
import type { WorkOrder } from "../../kernel/ports/work-orders.ts";
import { isSameActor } from "../actors.ts";
import { seesOrder } from "../review/access.ts";
import { unknownOrder } from "../review/answers.ts";
import { OrderId } from "../review/inputs.ts";
import type { WorkReadingParts } from "./reading-parts.ts";
import { shownItem, shownOrder, shownPlan, shownReview } from "./shown.ts";

const Get = z.strictObject({ order: OrderId });

/** Shows an order to whoever has proposed it, works on it, reviews or administers; to all others it is not there. */
export function getAction(parts: WorkReadingParts): AnyAction {
  const { orders, plans, payloads, rules, entrances } = parts;
  return defineAction({
    ...{ name: "work.get", entrances, input: Get, effects: "none", limits: rules.limits },
    authorise: rules.permit("work:read", "work.get"),
    async run(context) {
      const { attempt, input, transaction } = context;
      const key = { tenant: attempt.tenant, id: input.order };
      const order = await orders.find(transaction, key);
      if (order === undefined || !(await maySee(parts, context, order))) return unknownOrder();
      const opened = await payloads.of(transaction, order);
      const plan = await plans.find(transaction, order);
      return {
        order: shownOrder(order),
        items: (await orders.items(transaction, key)).map((item) => shownItem(item, opened)),
        ...(plan === undefined ? {} : { plan: shownPlan(plan) }),
        reviews: (await plans.reviews(transaction, order)).map((review) => shownReview(review, opened)),
      };
    },
  });
}

/** Whether somebody sees an order. Whoever has ever worked on it does. */
export async function maySee(
  { orders, rules }: WorkReadingParts,
  context: ActionContext<unknown, "none">,
  order: WorkOrder,
): Promise<boolean> {
  if (await seesOrder(rules, "work.get", { ...context, order })) return true;
  const holders = await orders.holders(context.transaction, order);
  return holders.some((holder) => isSameActor(holder, context.principal));
}
