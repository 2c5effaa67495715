import { z } from "zod";
import { defineAction, type ActionContext, type AnyAction } from "../../kernel/action.ts";
import { shownOrder } from "../reading/shown.ts";
import { unknownOrder } from "../review/answers.ts";
import { OrderId } from "../review/inputs.ts";
import type { WorkReviewParts } from "../review/review-parts.ts";
import { maskingOf } from "./masking.ts";
import { showHistory, showPlan, showStanding, titleOf } from "./open-case.ts";
import { showItems, shownProvenance } from "./shown-items.ts";

const Examine = z.strictObject({
  order: OrderId,
  /** Changes of the plan after this step. */
  changes_after: z.int().min(0).default(0),
  /** Items after this number. */
  items_after: z.int().min(0).default(0),
  limit: z.int().min(1).max(100).default(50),
});

/** Shows a reviewer all there is to an order: what was asked for, what was handed in, what it would change, what happened. */
export function examineAction(parts: WorkReviewParts): AnyAction {
  const { rules, entrances } = parts;
  return defineAction({
    ...{ name: "work.examine", entrances, input: Examine, effects: "none" },
    authorise: rules.permit("work:review", "work.examine"),
    run: (context) => examine(parts, context),
  });
}

async function examine(parts: WorkReviewParts, context: ActionContext<z.output<typeof Examine>, "none">) {
  const { orders, plans, types, payloads: all } = parts;
  const { attempt, input, transaction } = context;
  const order = await orders.find(transaction, { tenant: attempt.tenant, id: input.order });
  if (order === undefined) return unknownOrder();
  const payloads = await all.of(transaction, order);
  const type = types.find(order.type);
  const plan = await plans.find(transaction, order);
  const { limit } = input;
  const about = {
    order: shownOrder(order),
    ...shownProvenance(order.provenance),
    sealed: order.subject !== undefined,
    title: await titleOf(parts, transaction, { order, payloads }),
    type:
      type === undefined ? undefined : { title: type.title, version: type.version, revertible: type.revert !== false },
    standing: await showStanding(parts, context, { order, type, plan }),
    ...(await showHistory(parts, transaction, { order, payloads })),
  };
  if (payloads === undefined) return { ...about, erased: true, items: [], total: 0 };
  const opened = { order, type, payloads, show: maskingOf(type, order.subject) };
  const page = { after: input.changes_after, limit };
  return {
    ...{ ...about, erased: false },
    input: opened.show(JSON.parse(payloads.open(["input"], order.input))),
    ...(plan === undefined ? {} : { plan: await showPlan(transaction, opened, { plan, page }) }),
    ...(await showItems(parts, transaction, { opened, page: { after: input.items_after, limit } })),
  };
}
