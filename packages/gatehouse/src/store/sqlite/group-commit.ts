import { StoreUnavailableError, TransactionMisuseError, type WriteTransaction } from "../../kernel/ports/store.ts";
import { ForeignWaitWatch } from "./foreign-wait.ts";
import type { GroupCommitOptions } from "./group-commit-options.ts";
import { isBusy } from "./sqlite-error.ts";
import {
  rollbackTo,
  tryRollback,
  SqliteWriteTransaction,
  TRANSACTION_ENDED,
  WriteScope,
} from "./sqlite-transaction.ts";

/** Transactions that are committed together. Each waits for `durable` before it answers. */
interface Group {
  size: number;
  readonly durable: PromiseWithResolvers<void>;
}

/** A transaction waiting for its turn. */
interface Member {
  start(scope: WriteScope): void;
  refuse(error: unknown): void;
}

const BUSY_RETRY = 10;
const OWN_STATEMENTS = "A statement ended the transaction: BEGIN, COMMIT, ROLLBACK and SAVEPOINT are the store's own.";
const SAVEPOINT = "member";

/**
 * Runs transactions one after the other on one connection. Those that are queued in one turn of the event loop, or
 * while the log is being synced, share one BEGIN IMMEDIATE ... COMMIT; each has its own savepoint, so that it fails
 * alone. A commit before the sync ends would gain nothing, because the next sync begins only then; but each commit
 * writes every page it touched to the log, so that sharing one is what makes many small transactions cheap.
 */
export class GroupCommit {
  readonly #options: GroupCommitOptions;
  readonly #watch: ForeignWaitWatch;
  readonly #queue: Member[] = [];
  #group: Group | undefined;
  #deadline = 0;
  #scheduled = false;
  #held = false;
  /** The group is open and none of its members is running. */
  #lingering = false;
  #busySince: number | undefined;
  /** The member that is running, or ran last in the open batch. */
  #running: WriteScope | undefined;
  #refusal: StoreUnavailableError | undefined;
  readonly #onIdle: (() => void)[] = [];

  constructor(options: GroupCommitOptions) {
    this.#options = options;
    this.#watch = new ForeignWaitWatch(options.foreignWait, (error) => this.#running?.interrupt(error));
  }

  /** Transactions waiting for a batch. */
  get waiting(): number {
    return this.#queue.length;
  }

  /**
   * Runs `work` when its turn comes, and answers once it is durable. The function runs within the caller's own
   * asynchronous context, because the caller continues it: the queue only says when.
   */
  async write<Result>(work: (transaction: WriteTransaction) => Promise<Result>): Promise<Result> {
    if (this.#refusal !== undefined) throw this.#refusal;
    const scope = await new Promise<WriteScope>((start, refuse) => {
      this.#queue.push({ start, refuse });
      this.#schedule();
    });
    const group = this.#group;
    let result: Result;
    try {
      result = await this.#interruptible(scope, work);
    } catch (error) {
      this.#failed(scope, error);
      throw error;
    }
    this.#succeeded(scope);
    await group?.durable.promise;
    for (const effect of scope.effects) this.#runEffect(effect);
    return result;
  }

  /** Lets no batch begin until `release`, and none stay open. */
  hold(): void {
    this.#held = true;
    if (this.#lingering) this.#endBatch();
  }

  release(): void {
    this.#held = false;
    this.#schedule();
  }

  /** A sync has ended: what is left open for it is committed. */
  commit(): void {
    if (this.#lingering) this.#endBatch();
  }

  /** Refuses everything from now on. Resolves once no transaction is running. */
  refuse(error: StoreUnavailableError): Promise<void> {
    this.#refusal ??= error;
    for (const member of this.#queue.splice(0)) member.refuse(error);
    this.commit();
    return this.drain();
  }

  /** Resolves once everything queued so far has been committed or refused. */
  drain(): Promise<void> {
    if (this.#group === undefined && this.#queue.length === 0) return Promise.resolve();
    return new Promise((resolve) => this.#onIdle.push(resolve));
  }

  #schedule(): void {
    if (this.#scheduled || !this.#hasTurn()) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (!this.#hasTurn()) return;
      if (this.#lingering) this.#resumeBatch();
      else this.#startBatch();
    });
  }

  /** Whether something waits and may run now. */
  #hasTurn(): boolean {
    return this.#queue.length > 0 && !this.#held && (this.#group === undefined || this.#lingering);
  }

  #resumeBatch(): void {
    const { clock, batchBudget } = this.#options;
    this.#lingering = false;
    this.#deadline = clock.monotonic() + batchBudget;
    this.#startNext();
  }

  #startBatch(): void {
    const { clock, batchBudget, onBatch, onBatchEnd } = this.#options;
    onBatch();
    if (!this.#begin()) return onBatchEnd();
    this.#group = { size: 0, durable: Promise.withResolvers() };
    // Where the batch breaks, its last member may have its own error already and not ask for the group's.
    this.#group.durable.promise.catch(() => undefined);
    this.#deadline = clock.monotonic() + batchBudget;
    this.#startNext();
  }

  #begin(): boolean {
    try {
      this.#options.connection.run("BEGIN IMMEDIATE", []);
      this.#busySince = undefined;
      return true;
    } catch (error) {
      if (isBusy(error)) this.#waitForLock();
      else this.#fail(error);
      return false;
    }
  }

  /** Another program (a shell, a backup tool) is writing: tries again a little later, for a while. */
  #waitForLock(): void {
    const now = this.#options.clock.monotonic();
    this.#busySince ??= now;
    if (now - this.#busySince > this.#options.busyTimeout) {
      this.#busySince = undefined;
      const error = new StoreUnavailableError("sqlite", "Another program holds the write lock of the store.");
      for (const member of this.#queue.splice(0)) member.refuse(error);
      return this.#notifyIdle();
    }
    this.#scheduled = true;
    setTimeout(() => {
      this.#scheduled = false;
      this.#schedule();
    }, BUSY_RETRY);
  }

  /**
   * Lets the next transaction of the batch run, or commits. The first of a batch needs no savepoint: when it
   * fails, everything is rolled back and the next one begins anew.
   */
  #startNext(): void {
    const { connection, clock } = this.#options;
    if (this.#queue.length === 0 || clock.monotonic() >= this.#deadline) return this.#pause();
    if (!connection.inTransaction && !this.#begin()) return this.#endBatch();
    try {
      if (this.#group !== undefined && this.#group.size > 0) connection.run(`SAVEPOINT ${SAVEPOINT}`, []);
    } catch (error) {
      this.#fail(error);
      return this.#endBatch();
    }
    this.#queue.shift()?.start(new WriteScope(connection, clock));
  }

  /** No member is running and none starts in this turn: the batch ends, or waits for the sync that is under way. */
  #pause(): void {
    if (this.#group === undefined || this.#group.size === 0 || this.#held || this.#options.mayCommit())
      return this.#endBatch();
    this.#watch.stop();
    this.#running = undefined;
    this.#lingering = true;
    this.#schedule();
  }

  #interruptible<Result>(scope: WriteScope, work: (transaction: WriteTransaction) => Promise<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#running = scope;
      scope.onInterrupt(reject);
      this.#watch.start();
      work(new SqliteWriteTransaction(scope)).then(resolve, reject);
    });
  }

  #succeeded(scope: WriteScope): void {
    scope.end(TRANSACTION_ENDED);
    const { connection } = this.#options;
    try {
      if (!connection.inTransaction) throw new TransactionMisuseError(OWN_STATEMENTS);
      if (this.#group === undefined) return;
      if (this.#group.size > 0) connection.run(`RELEASE ${SAVEPOINT}`, []);
      this.#group.size += 1;
      this.#startNext();
    } catch (error) {
      this.#breakBatch(error);
      throw error;
    }
  }

  #failed(scope: WriteScope, cause: unknown): void {
    scope.end(TRANSACTION_ENDED);
    const { connection } = this.#options;
    try {
      if (!connection.inTransaction) throw cause;
      if (this.#group === undefined || this.#group.size === 0) connection.run("ROLLBACK", []);
      else rollbackTo(connection, SAVEPOINT);
      this.#startNext();
    } catch (error) {
      this.#breakBatch(error);
    }
  }

  /** The batch as a whole is lost. */
  #breakBatch(error: unknown): void {
    this.#fail(error);
    this.#endBatch();
  }

  #endBatch(): void {
    const { connection, onCommit, onBatchEnd } = this.#options;
    const group = this.#group;
    this.#watch.stop();
    this.#running = undefined;
    this.#group = undefined;
    this.#lingering = false;
    if (group === undefined) return;
    try {
      if (this.#refusal !== undefined) throw this.#refusal;
      if (connection.inTransaction) connection.run(group.size > 0 ? "COMMIT" : "ROLLBACK", []);
      if (group.size > 0) onCommit(group.durable.resolve, group.durable.reject);
    } catch (error) {
      this.#fail(error);
      if (group.size > 0) group.durable.reject(this.#refusal);
    }
    onBatchEnd();
    this.#schedule();
    this.#notifyIdle();
  }

  #notifyIdle(): void {
    if (this.#queue.length > 0 || this.#group !== undefined) return;
    for (const resolve of this.#onIdle.splice(0)) resolve();
  }

  #fail(cause: unknown): void {
    const { connection, onFailure } = this.#options;
    const error =
      cause instanceof StoreUnavailableError
        ? cause
        : new StoreUnavailableError("sqlite", "The store could not commit and takes no writes until it is reopened.", {
            cause,
          });
    const first = this.#refusal === undefined;
    this.#refusal ??= error;
    for (const member of this.#queue.splice(0)) member.refuse(error);
    this.#notifyIdle();
    if (connection.inTransaction) tryRollback(connection);
    if (first) onFailure(error);
  }

  #runEffect(effect: () => void): void {
    try {
      effect();
    } catch (error) {
      this.#options.foreignWait.report(error);
    }
  }
}
