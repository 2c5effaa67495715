import type { ReadTransaction } from "./store.ts";

/** The tenants of which the store has accounts or clients. Others come to be with their first. */
export interface Tenants {
  has(transaction: ReadTransaction, tenant: string): Promise<boolean>;
  /** In order, at most `limit`. */
  list(transaction: ReadTransaction, limit: number): Promise<readonly string[]>;
}
