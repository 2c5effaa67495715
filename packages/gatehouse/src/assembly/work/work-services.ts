import type { Authorise } from "../../kernel/action.ts";
import type { WorkOrders } from "../../kernel/ports/work-orders.ts";
import type { WorkPlans } from "../../kernel/ports/work-plans.ts";
import type { ApplyContext } from "../../work/apply/apply-context.ts";

/** Work orders, for applications. */
export interface WorkServices {
  readonly orders: WorkOrders;
  readonly plans: WorkPlans;
  /** Whether something is done to carry out an approved plan: `applyContext.mayApply()`. */
  readonly applyContext: ApplyContext;
  /** Makes of a rule one by which an action is attempted only to carry out an approved plan. */
  readonly enforceWorkOrderOnly: <Input>(rule: Authorise<Input>) => Authorise<Input>;
}
