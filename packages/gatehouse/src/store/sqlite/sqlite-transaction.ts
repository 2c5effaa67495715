import type { Kysely } from "kysely";
import {
  TransactionMisuseError,
  type ReadTransaction,
  type SqlValue,
  type Statement,
  type WriteTransaction,
} from "../../kernel/ports/store.ts";
import type { SqliteConnection, StatementResult, StatementRunner } from "./sqlite-connection.ts";
import { createQueryBuilder } from "./sqlite-dialect.ts";

const ENDED =
  "This transaction has ended. Await every statement before the function given to read() or write() returns, " +
  "and do not keep the transaction object.";
const NESTED = "A nested transaction is running. Await it before using the one around it, or start them one by one.";

/** A transaction's view of a connection: runs statements until the transaction ends. */
export class SqliteReadTransaction implements ReadTransaction, StatementRunner {
  readonly dialect = "sqlite";
  readonly #runner: StatementRunner;
  #builder: Kysely<unknown> | undefined;
  #refusal: string | undefined;

  constructor(runner: StatementRunner) {
    this.#runner = runner;
  }

  query<Tables>(): Kysely<Tables> {
    this.#builder ??= createQueryBuilder<unknown>(this);
    // The tables are the caller's declaration; one builder serves them all.
    return this.#builder as Kysely<Tables>;
  }

  async execute<Row>(statement: Statement, parameters: readonly SqlValue[]): Promise<Row[]> {
    const answer = this.run(statement.sqlite, parameters);
    const { rows } = answer instanceof Promise ? await answer : answer;
    // The row type is the caller's knowledge of the statement.
    return rows as Row[];
  }

  run(sql: string, parameters: readonly SqlValue[]): StatementResult | Promise<StatementResult> {
    this.ensureUsable();
    return this.#runner.run(sql, parameters);
  }

  /** Refuses every further statement. */
  end(): void {
    this.#refusal = ENDED;
  }

  protected ensureUsable(): void {
    if (this.#refusal !== undefined) throw new TransactionMisuseError(this.#refusal);
  }

  protected suspend(): void {
    this.ensureUsable();
    this.#refusal = NESTED;
  }

  protected resume(): void {
    if (this.#refusal === NESTED) this.#refusal = undefined;
  }
}

/** What a write transaction and those nested in it share. Once ended, none of them reaches the connection. */
export class WriteScope implements StatementRunner {
  readonly connection: SqliteConnection;
  readonly #clock: { now(): number };
  #now: number | undefined;
  #refusal: string | undefined;
  #failure: unknown;
  #reject: ((error: Error) => void) | undefined;
  /** Run in order once the transaction is durable. */
  readonly effects: (() => void)[] = [];

  constructor(connection: SqliteConnection, clock: { now(): number }) {
    this.connection = connection;
    this.#clock = clock;
  }

  get ended(): boolean {
    return this.#refusal !== undefined;
  }

  /** Epoch milliseconds; fixed when first asked for. */
  now(): number {
    this.#now ??= this.#clock.now();
    return this.#now;
  }

  /** What is told when the transaction is interrupted. */
  onInterrupt(reject: (error: Error) => void): void {
    this.#reject = reject;
  }

  /** Ends the transaction from outside, although its code has not come to an end. */
  interrupt(error: Error): void {
    this.end(error.message);
    this.#reject?.(error);
  }

  /** Ends every transaction of the scope, whatever their code still tries. */
  end(reason: string): void {
    this.#refusal = reason;
  }

  run(sql: string, parameters: readonly SqlValue[]): StatementResult {
    if (this.#refusal !== undefined) throw new TransactionMisuseError(this.#refusal);
    if (this.#failure !== undefined) throw this.#failure;
    try {
      return this.connection.run(sql, parameters);
    } catch (error) {
      // After some errors SQLite has rolled everything back; further statements would commit one by one.
      if (!this.connection.inTransaction) this.#failure = error;
      throw error;
    }
  }
}

/** A write transaction on the store's one writing connection. */
export class SqliteWriteTransaction extends SqliteReadTransaction implements WriteTransaction {
  readonly #scope: WriteScope;
  readonly #depth: number;

  constructor(scope: WriteScope, depth = 0) {
    super(scope);
    this.#scope = scope;
    this.#depth = depth;
  }

  async now(): Promise<number> {
    this.ensureUsable();
    return this.#scope.now();
  }

  later(statement: Statement, parameters: readonly SqlValue[]): void {
    this.ensureUsable();
    this.#scope.run(statement.sqlite, parameters);
  }

  afterCommit(effect: () => void): void {
    this.ensureUsable();
    this.#scope.effects.push(effect);
  }

  async nested<Result>(work: (transaction: WriteTransaction) => Promise<Result>): Promise<Result> {
    this.suspend();
    const savepoint = `nested${this.#depth}`;
    const inner = new SqliteWriteTransaction(this.#scope, this.#depth + 1);
    const kept = this.#scope.effects.length;
    try {
      this.#scope.run(`SAVEPOINT ${savepoint}`, []);
      const result = await work(inner);
      this.#scope.run(`RELEASE ${savepoint}`, []);
      return result;
    } catch (error) {
      this.#scope.effects.length = kept;
      if (!this.#scope.ended) rollbackTo(this.#scope.connection, savepoint);
      throw error;
    } finally {
      inner.end();
      this.resume();
    }
  }
}

/** Undoes what happened since a savepoint and forgets it, unless SQLite has already undone the whole transaction. */
export function rollbackTo(connection: SqliteConnection, savepoint: string): void {
  if (!connection.inTransaction) return;
  connection.run(`ROLLBACK TO ${savepoint}`, []);
  connection.run(`RELEASE ${savepoint}`, []);
}

/** A connection that cannot even roll back is closed next; its log ends at the last commit all the same. */
export function tryRollback(connection: SqliteConnection): void {
  try {
    connection.run("ROLLBACK", []);
  } catch {
    // The failure that led here is the one that is reported.
  }
}

export { ENDED as TRANSACTION_ENDED };
