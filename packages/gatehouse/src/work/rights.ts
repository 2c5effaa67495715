import type { ActionContext, Authorise } from "../kernel/action.ts";
import type { Store } from "../kernel/ports/store.ts";

/** What somebody can be allowed to do with orders; the scopes of tokens are `work:` and one of these. */
export const WORK_RIGHTS = ["read", "propose", "execute", "review", "admin"] as const;
/** One of them. */
export type WorkRight = (typeof WORK_RIGHTS)[number];

/** Who has which. */
export type WorkRights = Readonly<Record<WorkRight, Authorise<unknown>>>;

/** Whether whoever attempts an action has another right besides that which the action asks for. */
export async function hasRight(
  rights: WorkRights,
  right: WorkRight,
  { principal, input, attempt, transaction }: ActionContext<unknown, "store"> | ActionContext<unknown, "none">,
): Promise<boolean> {
  const read: Store["read"] = (work) => work(transaction);
  return (await rights[right]({ principal, input, attempt, read })) === true;
}
