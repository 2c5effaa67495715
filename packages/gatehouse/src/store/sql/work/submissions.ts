import type { Ids } from "../../../kernel/ids.ts";
import type { WriteTransaction } from "../../../kernel/ports/store.ts";
import type { HolderEvent, Submission } from "../../../kernel/ports/work-leases.ts";
import type { NewWorkEvent } from "../../../kernel/ports/work-orders.ts";
import { together, type Change } from "../together.ts";
import { endLeases } from "./ends.ts";
import type { HeldRows } from "./held.ts";
import { recountWaiting, writeItem, writeOrder } from "./moves.ts";
import type { OrderRow } from "./rows.ts";

/** A result for a held item, with the rows it rests on. */
interface HeldSubmission extends Submission {
  readonly event: HolderEvent;
  readonly rows: HeldRows;
}

/** What becomes of an order by what is handed in. */
interface Handing {
  readonly former: OrderRow;
  open: number;
  dependents: number;
  /** That it is submitted, once its last item is. */
  readonly events: NewWorkEvent[];
}

/** Takes results and ends the leases, all in as few statements; of each, whether it was its order's last. */
export async function submitItems(
  transaction: WriteTransaction,
  ids: Ids,
  submissions: readonly HeldSubmission[],
): Promise<readonly { readonly last: boolean }[]> {
  if (new Set(submissions.map(({ rows }) => rows.item.id)).size < submissions.length) {
    throw new TypeError("An item is submitted once.");
  }
  const at = await transaction.now();
  const orders = new Map<string, Handing>();
  const changes: Change[] = [];
  const answers = submissions.map(({ result, resultHash, evidence, notes, event, rows: { item, order } }) => {
    const owner = { tenant: order.tenant, order: order.id, at, ids };
    const handing = orders.get(order.id) ?? { former: order, open: order.open, dependents: 0, events: [] };
    orders.set(order.id, handing);
    handing.open -= 1;
    handing.dependents += item.dependents;
    const last = handing.open === 0;
    if (last) handing.events.push({ ...event, item: undefined, from: order.state, to: "submitted", details: "{}" });
    const made = { result, result_hash: resultHash, evidence: evidence ?? null, notes: notes ?? null, errors: null };
    const [, written] = writeItem(item, {
      to: { state: "submitted", ...made },
      events: [{ ...event, item: item.id, from: item.state, to: "submitted" }],
      owner,
    });
    changes.push(...written);
    return { last };
  });
  for (const { former, open, events } of orders.values()) {
    const to = { open, ...(open === 0 ? { state: "submitted" as const, reason: "" } : {}) };
    const owner = { tenant: former.tenant, order: former.id, at, ids };
    changes.push(...writeOrder(former, { to, events, owner })[1]);
  }
  together(transaction, [...changes, ...endLeases(submissions.map(({ rows }) => rows.lease))]);
  for (const [order, { dependents }] of orders) if (dependents > 0) await recountWaiting(transaction, order);
  return answers;
}
