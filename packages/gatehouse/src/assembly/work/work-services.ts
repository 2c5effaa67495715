import type { Authorise } from "../../kernel/action.ts";
import type { WorkOrders } from "../../kernel/ports/work-orders.ts";
import type { WorkPlans } from "../../kernel/ports/work-plans.ts";
import type { FindHeldWork } from "../../work/checkout/held-work.ts";
import type { ApplyContext } from "../../work/apply/apply-context.ts";

/** Work orders, for applications. */
export interface WorkServices {
  readonly orders: WorkOrders;
  readonly plans: WorkPlans;
  /** The identifier of the REST interface of a tenant: what access tokens are for that an application's own actions ask agents for. */
  readonly resourceOf: (tenant: string) => string;
  /** What somebody holds who shows a lease; else why it is good for nothing. */
  readonly held: FindHeldWork;
  /** Whether something is done to carry out an approved plan: `applyContext.mayApply()`. */
  readonly applyContext: ApplyContext;
  /** Makes of a rule one by which an action is attempted only to carry out an approved plan. */
  readonly enforceWorkOrderOnly: <Input>(rule: Authorise<Input>) => Authorise<Input>;
}
