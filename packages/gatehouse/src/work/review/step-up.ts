import type { Attempt, Principal } from "../../kernel/attempt.ts";
import type { Store } from "../../kernel/ports/store.ts";
import { isSteppedUp, ruleOf } from "./policy.ts";
import type { WorkReviewParts } from "./review-parts.ts";

/** Who would approve an order, as far as it is known before the action is attempted. */
export interface Approving {
  readonly principal: Principal;
  readonly attempt: Attempt;
  readonly order: string;
  readonly read: Store["read"];
}

/** Whether somebody whose token says how they have signed in would have to do so anew to approve an order. */
export type NeedsStepUp = (approving: Approving) => Promise<boolean>;

/**
 * Answers that before a message of a protocol is handled, whose own answers say nothing of sign-ins. Orders that are not
 * the caller's to approve are for the action to refuse: nothing is told of them.
 */
export function createNeedsStepUp(
  parts: Pick<WorkReviewParts, "rules" | "orders" | "types" | "reviewRules" | "authenticationOf">,
): NeedsStepUp {
  return async ({ principal, attempt, order: id, read }) => {
    if (principal.authentication === undefined) return false;
    const known: Attempt = { ...attempt, credentials: [{ kind: "internal", principal }] };
    const permit = parts.rules.permit("work:review", "work.approve");
    if ((await permit({ principal, attempt: known, input: { order: id }, read })) !== true) return false;
    return read(async (transaction) => {
      const order = await parts.orders.find(transaction, { tenant: attempt.tenant, id });
      const type = order && parts.types.find(order.type);
      if (order === undefined || type === undefined) return false;
      if (!ruleOf(parts.reviewRules, type, order.risk).stepUp) return false;
      const authentication = await parts.authenticationOf(transaction, { principal, attempt: known });
      return !isSteppedUp(authentication, attempt.receivedAt);
    });
  };
}
