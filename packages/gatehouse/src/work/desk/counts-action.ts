import { z } from "zod";
import { defineAction, type AnyAction } from "../../kernel/action.ts";
import { permitEither } from "../review/access.ts";
import type { WorkReviewParts } from "../review/review-parts.ts";

/** Tells how many orders are in which state, by type and risk, so that reviewers see where they are needed. */
export function countsAction({ orders, pauses, types, rules, entrances }: WorkReviewParts): AnyAction {
  return defineAction({
    ...{ name: "work.counts", entrances, input: z.strictObject({}), effects: "none" },
    authorise: permitEither(rules, "work.counts", ["work:review", "work:admin"]),
    run: async ({ attempt: { tenant }, transaction }) => ({
      counts: await orders.count(transaction, tenant),
      types: types.all().map(({ type, title }) => ({ type, title })),
      stopped: (await pauses.list(transaction, tenant)).length,
    }),
  });
}
