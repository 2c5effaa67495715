import type { Authorise } from "../kernel/action.ts";
import type { WorkActor } from "../kernel/ports/work-orders.ts";

/** Who makes plans and carries them out. */
export const WORKER = { type: "system", id: "work" } as const satisfies WorkActor;
/** Who approves plans by a rule that the type of an order declares. */
export const AUTO_APPROVAL = { type: "system", id: "auto-approval" } as const satisfies WorkActor;

/**
 * Whether two are the same. The agent of one person is not that of another, although one program works for both under one
 * identifier.
 */
export function isSameActor(left: WorkActor, right: WorkActor): boolean {
  return left.type === right.type && left.id === right.id && left.onBehalfOf === right.onBehalfOf;
}

/** Only the server's own jobs may, over the job entrance: nobody applies a plan by attempting it. */
export const workerOnly: Authorise<unknown> = ({ principal }) =>
  principal.type === WORKER.type && principal.id === WORKER.id;
