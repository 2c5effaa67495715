import type { Clock } from "../../kernel/clock.ts";
import type { StoreUnavailableError } from "../../kernel/ports/store.ts";
import type { ForeignWaitPolicy } from "./foreign-wait.ts";
import type { SqliteConnection } from "./sqlite-connection.ts";

/** What a group commit needs of its store. */
export interface GroupCommitOptions {
  readonly connection: SqliteConnection;
  readonly clock: Clock;
  readonly foreignWait: ForeignWaitPolicy;
  /** Milliseconds after which the event loop turns although more transactions are waiting. */
  readonly batchBudget: number;
  /**
   * Whether a commit would be synced at once. While it would wait for a sync that is under way, the batch stays open
   * for more members, and `commit` is called when that sync has ended.
   */
  readonly mayCommit: () => boolean;
  /** Milliseconds to keep trying while another program holds the write lock. */
  readonly busyTimeout: number;
  /** Just before a batch begins. */
  readonly onBatch: () => void;
  /** The batch has ended, committed or not. */
  readonly onBatchEnd: () => void;
  /** A batch has been committed; one of the two is called once it is known whether it is durable. */
  readonly onCommit: (passed: () => void, failed: (error: unknown) => void) => void;
  /** The engine failed; everything queued has been refused. */
  readonly onFailure: (error: StoreUnavailableError) => void;
}
