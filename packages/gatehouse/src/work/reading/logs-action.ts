import { z } from "zod";
import { defineAction, type ActionContext, type AnyAction } from "../../kernel/action.ts";
import { deny } from "../../kernel/outcome.ts";
import type { WorkItem } from "../../kernel/ports/work-orders.ts";
import { workProblems } from "../problems.ts";
import { unknownOrder } from "../review/answers.ts";
import { OrderId } from "../review/inputs.ts";
import { maySee } from "./get-action.ts";
import type { WorkReadingParts } from "./reading-parts.ts";
import { shownEvent } from "./shown.ts";

const Logs = z
  .strictObject({
    order: OrderId.optional(),
    item: z.uuid().optional(),
    /** The last event of the page before. */
    before: z.string().min(1).max(100).optional(),
    limit: z.int().min(1).max(100).default(100),
  })
  .refine(({ order, item }) => (order === undefined) !== (item === undefined), {
    message: "Name an order or an item.",
    path: ["order"],
  });
type Logs = z.output<typeof Logs>;

/** Shows what has happened to an order, or to one of its items, the newest first. */
export function logsAction(parts: WorkReadingParts): AnyAction {
  const { rules, entrances } = parts;
  return defineAction({
    ...{ name: "work.logs", entrances, input: Logs, effects: "none", limits: rules.limits },
    authorise: rules.permit("work:read", "work.logs"),
    run: (context) => readLogs(parts, context),
  });
}

async function readLogs(parts: WorkReadingParts, context: ActionContext<Logs, "none">) {
  const { orders, payloads } = parts;
  const { attempt, input, transaction } = context;
  const { tenant } = attempt;
  const item = input.item === undefined ? undefined : await orders.item(transaction, { tenant, id: input.item });
  if (input.item !== undefined && item === undefined) return deny(workProblems.WORK_ITEM_UNKNOWN);
  const order = await orders.find(transaction, { tenant, id: item?.order ?? input.order ?? "" });
  if (order === undefined || !(await maySee(parts, context, order))) {
    return item === undefined ? unknownOrder() : deny(workProblems.WORK_ITEM_UNKNOWN);
  }
  const opened = await payloads.of(transaction, order);
  const before = input.before === undefined ? {} : { before: input.before };
  const found = await orders.events(transaction, order, { ...before, limit: input.limit });
  const told = found.filter((event) => concerns(event, item));
  const last = found.at(-1);
  return {
    events: told.map((event) => shownEvent(event, { order, payloads: opened })),
    ...(found.length === input.limit && last !== undefined ? { next: last.id } : {}),
  };
}

function concerns(event: { readonly item: string | undefined }, item: WorkItem | undefined): boolean {
  return item === undefined || event.item === item.id;
}
