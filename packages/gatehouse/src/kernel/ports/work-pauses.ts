import type { ReadTransaction, WriteTransaction } from "./store.ts";

/** What can be stopped: whatever an agent does, whatever concerns a type of orders, all of a tenant, or approving by rules of a type. */
export const PAUSE_KINDS = ["agent", "type", "tenant", "auto_approval"] as const;
/** One of them. */
export type PauseKind = (typeof PAUSE_KINDS)[number];

/** Something that an operator has stopped. */
export interface WorkPause {
  readonly tenant: string;
  readonly kind: PauseKind;
  /** Identifier of the agent, or name of the type; that of the tenant itself where all of it is stopped. */
  readonly name: string;
  readonly reason: string;
  /** Who has stopped it. */
  readonly by: string;
  /** Epoch milliseconds. */
  readonly at: number;
}

/** The kill switch: rows that every claim, submission, approval by rule and application looks at in its own transaction. */
export interface WorkPauses {
  /** Stops something, and has the holders of leases it concerns told so with their next beat. */
  add(transaction: WriteTransaction, pause: Omit<WorkPause, "at">): Promise<WorkPause>;
  /** Lets it go on; `false` where it was not stopped. */
  lift(transaction: WriteTransaction, pause: Pick<WorkPause, "tenant" | "kind" | "name">): Promise<boolean>;
  list(transaction: ReadTransaction, tenant: string): Promise<readonly WorkPause[]>;
  /** The first of the named things that is stopped; one of the tenant as a whole stops all but approvals by rule. */
  find(
    transaction: ReadTransaction,
    tenant: string,
    names: Partial<Readonly<Record<Exclude<PauseKind, "tenant">, string>>>,
  ): Promise<WorkPause | undefined>;
}
