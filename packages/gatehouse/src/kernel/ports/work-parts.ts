import type { ReadTransaction, WriteTransaction } from "./store.ts";
import type { WorkLease } from "./work-leases.ts";
import type { WorkItemKey } from "./work-orders.ts";

/** A piece of a result that was handed in before the rest, and is as its schema asks for. */
export interface WorkPart {
  readonly item: string;
  readonly name: string;
  /** From 0: where it comes among those of its name. */
  readonly number: number;
  /** How often it was handed in. */
  readonly revision: number;
  /** JSON, sealed where the order has a subject. */
  readonly payload: string;
  readonly bytes: number;
  /** SHA-256 over the canonical JSON of the payload, base64url. */
  readonly checksum: string;
  /** Of the lease under which it was handed in. */
  readonly epoch: number;
  readonly at: number;
}

/** Parts of held items. They stay when a lease is lost, so that whoever has the item next can go on from there. */
export interface WorkParts {
  /**
   * Keeps a part, in place of an earlier one of its name and number; its revision, or `undefined` where the item has as
   * many already as it may.
   */
  put(
    transaction: WriteTransaction,
    lease: Pick<WorkLease, "item" | "epoch">,
    part: Omit<WorkPart, "item" | "revision" | "epoch" | "at"> & { readonly most: number },
  ): Promise<number | undefined>;
  /** As `list`, without what is in them: that may be a lot. */
  summaries(transaction: ReadTransaction, item: WorkItemKey): Promise<readonly Omit<WorkPart, "payload">[]>;
  /** By name and number. */
  list(transaction: ReadTransaction, item: WorkItemKey): Promise<readonly WorkPart[]>;
}
