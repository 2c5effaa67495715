import type { ReadTransaction } from "../../kernel/ports/store.ts";

/** Runs reads beside the queue of writers. */
export interface Readers extends Disposable {
  read<Result>(work: (transaction: ReadTransaction) => Promise<Result>): Promise<Result>;
  /** A batch of writers begins: snapshots nobody uses are let go. */
  onBatch(): void;
  /** What a new snapshot would show has changed. */
  onCommit(): void;
  /** The batch has ended, committed or not. */
  onBatchEnd(): void;
  /** Reads that run now. */
  readonly active: number;
}
