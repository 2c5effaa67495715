import type { Ids } from "../../../kernel/ids.ts";
import type { WriteTransaction } from "../../../kernel/ports/store.ts";

/** Is told, after the commit, that there may be something to claim for a tenant. */
export type Available = ((tenant: string) => void) | undefined;

/** What the tables of work orders are opened with. */
export interface WorkTableParts {
  readonly ids: Ids;
  readonly available?: Available;
}

/** Says so once the transaction is durable. */
export function tellAvailable(transaction: WriteTransaction, available: Available, tenant: string): void {
  if (available !== undefined) transaction.afterCommit(() => available(tenant));
}
