import { z } from "zod";
import { defineAction, type AnyAction } from "../../kernel/action.ts";
import { OrderId } from "../review/inputs.ts";
import type { WorkReviewParts } from "../review/review-parts.ts";
import { titleOf } from "./open-case.ts";

const Titles = z.strictObject({ orders: z.array(OrderId).max(100) });

/** Tells what orders are called by whoever has proposed them; those that are not there, or have no title, are left out. */
export function titlesAction(parts: WorkReviewParts): AnyAction {
  const { orders, payloads: all, rules, entrances } = parts;
  return defineAction({
    ...{ name: "work.titles", entrances, input: Titles, effects: "none" },
    authorise: rules.permit("work:review", "work.titles"),
    async run({ attempt: { tenant }, input, transaction }) {
      const titles: { readonly order: string; readonly title: string }[] = [];
      for (const id of new Set(input.orders)) {
        const order = await orders.find(transaction, { tenant, id });
        if (order === undefined) continue;
        const title = await titleOf(parts, transaction, { order, payloads: await all.of(transaction, order) });
        if (title !== "") titles.push({ order: id, title });
      }
      return { titles };
    },
  });
}
