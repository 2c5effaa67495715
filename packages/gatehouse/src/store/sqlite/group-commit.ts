import { AsyncLocalStorage } from "node:async_hooks";
import type { Clock } from "../../kernel/clock.ts";
import { StoreUnavailableError, TransactionMisuseError, type WriteTransaction } from "../../kernel/ports/store.ts";
import { ForeignWaitWatch, type ForeignWaitPolicy } from "./foreign-wait.ts";
import type { SqliteConnection } from "./sqlite-connection.ts";
import { isBusy } from "./sqlite-error.ts";
import { rollbackTo, SqliteWriteTransaction, TRANSACTION_ENDED, WriteScope } from "./sqlite-transaction.ts";

/** A transaction on its way through the queue. */
interface Member {
  readonly work: (transaction: WriteTransaction) => Promise<unknown>;
  /** Runs a function in the asynchronous context of the caller of `write`. */
  readonly inContext: ReturnType<typeof AsyncLocalStorage.snapshot>;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
  scope?: WriteScope;
  result?: unknown;
}

/** Transactions that were committed together and are settled together. */
export interface CommittedGroup {
  /** They are durable: runs their effects and resolves them, in order. */
  settle(): void;
  /** They may be lost: rejects them. */
  reject(error: unknown): void;
}

/** What a group commit needs of its store. */
export interface GroupCommitOptions {
  readonly connection: SqliteConnection;
  readonly clock: Clock;
  readonly foreignWait: ForeignWaitPolicy;
  /** Milliseconds after which a batch is committed although more transactions are waiting. */
  readonly batchBudget: number;
  /** Milliseconds to keep trying while another program holds the write lock. */
  readonly busyTimeout: number;
  /** Just before a batch begins. */
  readonly onBatch: () => void;
  /** The batch has ended, committed or not. */
  readonly onBatchEnd: () => void;
  /** A batch has been committed; it must be settled or rejected once it is known whether it is durable. */
  readonly onCommit: (group: CommittedGroup) => void;
  /** The engine failed; everything queued has been refused. */
  readonly onFailure: (error: StoreUnavailableError) => void;
}

const BUSY_RETRY = 10;
const OWN_STATEMENTS = "A statement ended the transaction: BEGIN, COMMIT, ROLLBACK and SAVEPOINT are the store's own.";

/**
 * Runs transactions one after the other on one connection. Those that are queued in one turn of the event
 * loop share one BEGIN IMMEDIATE ... COMMIT; each has its own savepoint, so that it fails alone.
 */
export class GroupCommit {
  readonly #options: GroupCommitOptions;
  readonly #watch: ForeignWaitWatch;
  #queue: Member[] = [];
  #scheduled = false;
  #running = false;
  #held = false;
  #busySince: number | undefined;
  #interrupt: ((error: TransactionMisuseError) => void) | undefined;
  #refusal: StoreUnavailableError | undefined;
  #idle = Promise.withResolvers<void>();

  constructor(options: GroupCommitOptions) {
    this.#options = options;
    this.#watch = new ForeignWaitWatch(options.foreignWait, (error) => this.#interrupt?.(error));
    this.#idle.resolve();
  }

  /** Transactions waiting for a batch. */
  get waiting(): number {
    return this.#queue.length;
  }

  /** Queues a transaction. */
  write<Result>(work: (transaction: WriteTransaction) => Promise<Result>): Promise<Result> {
    if (this.#refusal !== undefined) return Promise.reject(this.#refusal);
    return new Promise<Result>((resolve, reject) => {
      const inContext = AsyncLocalStorage.snapshot();
      // `result` is what this very `work` returned.
      this.#queue.push({ work, inContext, resolve: resolve as (result: unknown) => void, reject });
      this.#schedule();
    });
  }

  /** Lets no batch begin until `release`. */
  hold(): void {
    this.#held = true;
  }

  release(): void {
    this.#held = false;
    this.#schedule();
  }

  /** Refuses everything from now on. Resolves once no transaction is running. */
  async refuse(error: StoreUnavailableError): Promise<void> {
    this.#refusal ??= error;
    for (const member of this.#queue.splice(0)) member.reject(error);
    await this.#idle.promise;
  }

  /** Resolves once everything queued so far has been committed or refused. */
  async drain(): Promise<void> {
    while (this.#queue.length > 0 || this.#running) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  #schedule(): void {
    if (this.#scheduled || this.#running || this.#held || this.#queue.length === 0) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (!this.#held) void this.#runBatch();
    });
  }

  async #runBatch(): Promise<void> {
    if (this.#running || this.#queue.length === 0) return;
    if (!this.#begin()) return this.#options.onBatchEnd();
    this.#running = true;
    this.#idle = Promise.withResolvers<void>();
    const group: Member[] = [];
    try {
      await this.#runMembers(group);
      this.#commit(group);
    } catch (error) {
      this.#fail(error, group);
    } finally {
      this.#watch.stop();
      this.#running = false;
      this.#options.onBatchEnd();
      this.#idle.resolve();
    }
    this.#schedule();
  }

  #begin(): boolean {
    this.#options.onBatch();
    try {
      this.#options.connection.run("BEGIN IMMEDIATE", []);
      this.#busySince = undefined;
      return true;
    } catch (error) {
      if (isBusy(error) && this.#waitForLock()) return false;
      this.#fail(error, []);
      return false;
    }
  }

  /** Another program (a shell, a backup tool) is writing: tries again a little later, for a while. */
  #waitForLock(): boolean {
    const now = this.#options.clock.monotonic();
    this.#busySince ??= now;
    if (now - this.#busySince > this.#options.busyTimeout) {
      this.#busySince = undefined;
      const error = new StoreUnavailableError("sqlite", "Another program holds the write lock of the store.");
      for (const member of this.#queue.splice(0)) member.reject(error);
      return true;
    }
    this.#scheduled = true;
    setTimeout(() => {
      this.#scheduled = false;
      this.#schedule();
    }, BUSY_RETRY);
    return true;
  }

  async #runMembers(group: Member[]): Promise<void> {
    const { connection, clock, batchBudget } = this.#options;
    const deadline = clock.monotonic() + batchBudget;
    while (this.#queue.length > 0 && clock.monotonic() < deadline) {
      if (!connection.inTransaction && !this.#begin()) return;
      const member = this.#queue.shift();
      if (member !== undefined) await this.#runMember(member, group);
    }
  }

  /**
   * Runs one transaction. The first of a batch needs no savepoint: when it fails, the whole transaction is
   * rolled back and the next one begins it anew.
   */
  async #runMember(member: Member, group: Member[]): Promise<void> {
    const { connection, clock } = this.#options;
    const alone = group.length === 0;
    if (!alone) connection.run("SAVEPOINT member", []);
    const scope = new WriteScope(connection, clock);
    member.scope = scope;
    let outcome: { readonly error: unknown } | undefined;
    try {
      member.result = await this.#work(member, scope);
    } catch (error) {
      outcome = { error };
    }
    scope.end(TRANSACTION_ENDED);
    if (!connection.inTransaction) {
      const error = outcome?.error ?? new TransactionMisuseError(OWN_STATEMENTS);
      member.reject(error);
      throw error;
    }
    if (outcome === undefined) {
      if (!alone) connection.run("RELEASE member", []);
      group.push(member);
      return;
    }
    if (alone) connection.run("ROLLBACK", []);
    else rollbackTo(connection, "member");
    member.reject(outcome.error);
  }

  #work(member: Member, scope: WriteScope): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#interrupt = (error) => {
        scope.end(error.message);
        reject(error);
      };
      this.#watch.start();
      member.inContext(member.work, new SqliteWriteTransaction(scope)).then(resolve, reject);
    });
  }

  #commit(group: Member[]): void {
    this.#interrupt = undefined;
    const { connection } = this.#options;
    if (this.#refusal !== undefined) throw this.#refusal;
    if (!connection.inTransaction) return;
    connection.run("COMMIT", []);
    this.#options.onCommit({
      settle: () => {
        for (const member of group) settle(member, this.#options.foreignWait.report);
      },
      reject: (error) => {
        for (const member of group) member.reject(error);
      },
    });
  }

  #fail(cause: unknown, group: readonly Member[]): void {
    const { connection } = this.#options;
    const error =
      cause instanceof StoreUnavailableError
        ? cause
        : new StoreUnavailableError("sqlite", "The store could not commit and takes no writes until it is reopened.", {
            cause,
          });
    for (const member of [...group, ...this.#queue.splice(0)]) member.reject(error);
    if (connection.inTransaction) tryRollback(connection);
    if (this.#refusal !== undefined) return;
    this.#refusal = error;
    this.#options.onFailure(error);
  }
}

/** A connection that cannot even roll back is closed next; its log ends at the last commit all the same. */
function tryRollback(connection: SqliteConnection): void {
  try {
    connection.run("ROLLBACK", []);
  } catch {
    // The failure that led here is the one that is reported.
  }
}

function settle(member: Member, report: (error: unknown) => void): void {
  for (const effect of member.scope?.effects ?? []) {
    try {
      member.inContext(effect);
    } catch (error) {
      report(error);
    }
  }
  member.resolve(member.result);
}
