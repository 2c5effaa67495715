import type { WriteTransaction } from "./store.ts";

/** Where finished orders go, so that the tables of those under way stay small. Orders are found in both. */
export interface WorkHistory {
  /** Moves orders that ended before a time, with their items and parts; how many. */
  archive(transaction: WriteTransaction, before: number, limit: number): Promise<number>;
  /** Deletes archived orders that ended before a time, with all that belongs to them but their events; how many. */
  prune(transaction: WriteTransaction, before: number, limit: number): Promise<number>;
  /** Deletes events from before a time of orders that are deleted; how many. */
  pruneEvents(transaction: WriteTransaction, before: number, limit: number): Promise<number>;
}
