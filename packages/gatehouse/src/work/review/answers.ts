import { deny, type Denial } from "../../kernel/outcome.ts";
import type { WorkOrder } from "../../kernel/ports/work-orders.ts";
import { workProblems } from "../problems.ts";

/** An order as whoever has changed it is told of it. */
export function changedOrder({ id, type, state, reason, planRevision }: WorkOrder) {
  return { order: id, type, state, reason, revision: planRevision };
}

/** There is no such order, or none that the caller may see: nobody can tell which. */
export function unknownOrder(): Denial {
  return deny(workProblems.WORK_ORDER_UNKNOWN);
}

/** The order is in a state in which this cannot be done. */
export function wrongState({ state, reason }: WorkOrder, detail?: string): Denial {
  return deny(workProblems.WORK_STATE_CONFLICT, {
    ...(detail === undefined ? {} : { detail }),
    extensions: { state, ...(reason === "" ? {} : { reason }) },
  });
}

/** Nobody can read it any more. */
export function erased(): Denial {
  return deny(workProblems.WORK_SUBJECT_ERASED);
}
