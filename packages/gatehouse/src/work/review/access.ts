import type { ActionContext, Authorise, PrepareContext } from "../../kernel/action.ts";
import type { ReadTransaction, Store } from "../../kernel/ports/store.ts";
import type { WorkOrder } from "../../kernel/ports/work-orders.ts";
import { isSameActor } from "../actors.ts";
import type { WorkRules, WorkScope } from "../rules.ts";

type Asking = Pick<ActionContext<unknown>, "principal" | "input" | "attempt"> & {
  readonly transaction: ReadTransaction;
};

/** The rule that admits whoever has one of two scopes. */
export function permitEither(
  { permit }: WorkRules,
  operation: string,
  [first, second]: readonly [WorkScope, WorkScope],
): Authorise<unknown> {
  const rule = permit(first, operation);
  const other = permit(second, operation);
  const either: Authorise<unknown> = async (context) => {
    const answer = await rule(context);
    return answer === true || (await other(context)) === true ? true : answer;
  };
  return rule.demand === undefined ? either : Object.assign(either, { demand: rule.demand });
}

/** Whether whoever attempts an action that reads has a scope besides that which the action asks for. */
export async function hasScope(
  { permit }: WorkRules,
  [scope, operation]: readonly [WorkScope, string],
  { principal, input, attempt, transaction }: Asking,
): Promise<boolean> {
  const read: Store["read"] = (work) => work(transaction);
  return (await permit(scope, operation)({ principal, input, attempt, read })) === true;
}

/** What whoever attempts something may do besides. */
export interface Standing {
  readonly reviews: boolean;
  readonly administers: boolean;
}

/** Finds out what somebody may do besides, before a transaction begins: rules may ask whom they like. */
export async function standingOf(
  { permit }: WorkRules,
  operation: string,
  { principal, input, attempt, read }: PrepareContext<unknown>,
): Promise<Standing> {
  const has = async (scope: WorkScope): Promise<boolean> =>
    (await permit(scope, operation)({ principal, input, attempt, read })) === true;
  return { reviews: await has("work:review"), administers: await has("work:admin") };
}

/** Whether somebody sees an order: their own, and whoever reviews or administers sees all of the tenant. */
export async function seesOrder(
  rules: WorkRules,
  operation: string,
  { order, ...asking }: Asking & { readonly order: WorkOrder },
): Promise<boolean> {
  if (isProposer(order, asking)) return true;
  for (const scope of ["work:review", "work:admin"] as const)
    if (await hasScope(rules, [scope, operation], asking)) return true;
  return false;
}

/** Whether somebody has proposed an order. */
export function isProposer({ proposer }: WorkOrder, { principal }: Pick<Asking, "principal">): boolean {
  return isSameActor(proposer, principal);
}
