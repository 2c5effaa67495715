import type { ReadTransaction } from "./store.ts";
import type { WorkPause } from "./work-pauses.ts";
import type { WorkItem, WorkOrder, WorkOrderKey } from "./work-orders.ts";

/** How many orders that have not ended are in one state for one reason. */
export interface WorkOrderTally extends Pick<WorkOrder, "type" | "state" | "reason"> {
  readonly count: number;
  /** Milliseconds since the one was changed last that has not been for longest. */
  readonly age: number;
}

/** How many of something there are of one type of orders. */
export interface WorkTally extends Pick<WorkItem, "type"> {
  readonly count: number;
}

/** How work stands, of all tenants together. */
export interface WorkStanding {
  readonly orders: readonly WorkOrderTally[];
  /** Items that could be claimed now, and for how long the first of them could have been, in milliseconds. */
  readonly claimable: readonly (WorkTally & { readonly age: number })[];
  readonly leases: readonly WorkTally[];
  readonly pauses: readonly (Pick<WorkPause, "kind"> & Pick<WorkTally, "count">)[];
}

/** An order that waits, and since when. */
export interface WaitingWork extends WorkOrderKey, Pick<WorkOrder, "type" | "state"> {
  readonly since: number;
}

/** Looks at the work of all tenants, for those who operate the server. */
export interface WorkWatch {
  standing(transaction: ReadTransaction): Promise<WorkStanding>;
  /**
   * Orders that have waited for longer than so many milliseconds without an event of the kind `overdue` since: for agents
   * since something was handed in last, for people since there has been something to decide, however often it was planned
   * anew. Those that wait longest first.
   */
  overdue(
    transaction: ReadTransaction,
    page: { readonly longer: number; readonly order?: WorkOrderKey; readonly limit: number },
  ): Promise<readonly WaitingWork[]>;
  /** Orders that failed longer ago than so many milliseconds. */
  failed(
    transaction: ReadTransaction,
    page: { readonly longer: number; readonly order?: WorkOrderKey; readonly limit: number },
  ): Promise<readonly WaitingWork[]>;
}
