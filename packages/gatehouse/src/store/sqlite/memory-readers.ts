import type { ReadTransaction, SqlValue } from "../../kernel/ports/store.ts";
import type { Readers } from "./readers.ts";
import type { SqliteConnection, StatementResult, StatementRunner } from "./sqlite-connection.ts";
import { SqliteReadTransaction } from "./sqlite-transaction.ts";

/**
 * Reads on the writers' own connection, for stores in memory, which have only one. Statements wait while a
 * batch runs, so that nothing uncommitted is seen; a read that waits for other things than its statements
 * sees what was committed meanwhile.
 */
export class MemoryReaders implements Readers, StatementRunner {
  readonly #connection: SqliteConnection;
  #batch: PromiseWithResolvers<void> | undefined;
  #active = 0;

  constructor(connection: SqliteConnection) {
    this.#connection = connection;
  }

  get active(): number {
    return this.#active;
  }

  async read<Result>(work: (transaction: ReadTransaction) => Promise<Result>): Promise<Result> {
    const transaction = new SqliteReadTransaction(this);
    this.#active += 1;
    try {
      return await work(transaction);
    } finally {
      transaction.end();
      this.#active -= 1;
    }
  }

  run(sql: string, parameters: readonly SqlValue[]): StatementResult | Promise<StatementResult> {
    if (this.#batch === undefined) return this.#connection.read(sql, parameters);
    return this.#batch.promise.then(() => this.run(sql, parameters));
  }

  onBatch(): void {
    this.#batch ??= Promise.withResolvers();
  }

  onCommit(): void {
    // Statements continue when the batch has ended.
  }

  onBatchEnd(): void {
    this.#batch?.resolve();
    this.#batch = undefined;
  }

  [Symbol.dispose](): void {
    this.onBatchEnd();
  }
}
