import type { ReadTransaction, WriteTransaction } from "./store.ts";

/** A stop that an operator has put to work. */
export interface WorkPause {
  readonly tenant: string;
  readonly kind: "agent" | "type" | "tenant" | "auto_approval";
  /** The identifier of the agent, or the type; empty for a tenant. */
  readonly name: string;
  readonly reason: string;
  readonly pausedBy: string;
  readonly at: number;
}

/** Names a pause. */
export type WorkPauseKey = Pick<WorkPause, "tenant" | "kind" | "name">;

/** What is stopped: nothing of it is claimed, submitted or applied. */
export interface WorkPauses {
  /** Stops it, and has those told that hold some of it. Once more changes the reason. */
  add(transaction: WriteTransaction, pause: Omit<WorkPause, "at">): Promise<void>;
  /** Whether there was one. */
  lift(transaction: WriteTransaction, key: WorkPauseKey): Promise<boolean>;
  list(transaction: ReadTransaction, tenant: string): Promise<readonly WorkPause[]>;
  /** The pause that stops work of a type, and of an agent where one is named. */
  find(
    transaction: ReadTransaction,
    what: { readonly tenant: string; readonly type: string; readonly agent?: string },
  ): Promise<WorkPause | undefined>;
}
