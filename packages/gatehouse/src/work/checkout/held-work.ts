import type { Principal } from "../../kernel/attempt.ts";
import { deny, type Denial } from "../../kernel/outcome.ts";
import type { ReadTransaction } from "../../kernel/ports/store.ts";
import { workProblems } from "../problems.ts";
import type { CheckoutParts } from "./checkout-parts.ts";
import { leaseLoss, pausedBy, tokenHash } from "./holding.ts";
import type { Shown } from "./inputs.ts";

/** An item in somebody's hands, with what they were given to do. */
export interface HeldWork {
  readonly order: string;
  readonly item: string;
  readonly type: string;
  readonly key: string;
  /** As the type of the order has planned it. */
  readonly input: unknown;
}

/** Who asks, and what they show of what they hold. */
export interface HeldWorkProof extends Shown {
  readonly tenant: string;
  readonly principal: Principal;
}

/** Finds what somebody holds: for what an application hands out to holders alone, such as the file that an item is about. */
export type FindHeldWork = (transaction: ReadTransaction, proof: HeldWorkProof) => Promise<HeldWork | Denial>;

/** Looks it up as writes of holders do, but locks nothing. */
export function createFindHeldWork(
  parts: Pick<CheckoutParts, "leases" | "orders" | "payloads" | "pauses">,
): FindHeldWork {
  const { leases, orders, payloads: all, pauses } = parts;
  return async (transaction, { tenant, principal, item: id, lease: token, epoch }) => {
    const lease = await leases.find(transaction, {
      tenant,
      item: id,
      epoch,
      tokenHash: tokenHash(token),
      holder: principal,
    });
    if (typeof lease === "string") return leaseLoss(lease);
    const pause = await pauses.find(transaction, { tenant, type: lease.type, agent: principal.id });
    if (pause !== undefined) return pausedBy(pause.kind, pause.reason);
    const order = await orders.find(transaction, { tenant, id: lease.order });
    const item = await orders.item(transaction, { tenant, id: lease.item });
    if (order === undefined || item === undefined) return leaseLoss("lost");
    const payloads = await all.of(transaction, order);
    if (payloads === undefined) return deny(workProblems.WORK_SUBJECT_ERASED);
    const input: unknown = JSON.parse(payloads.open(["item", item.key, "input"], item.input));
    return { order: order.id, item: item.id, type: order.type, key: item.key, input };
  };
}
