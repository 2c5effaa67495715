import type { QueryConfig } from "pg";

import type { Clock } from "../../kernel/clock.ts";
import { StoreUnavailableError, TransactionMisuseError } from "../../kernel/ports/store.ts";
import type { StatementResult, StatementRunner } from "./postgres-dialect.ts";
import {
  connectionFailure,
  endsConnection,
  isConflict,
  isStaleStatement,
  POSTGRES_STORE,
  sqlState,
  translatePostgresError,
} from "./postgres-errors.ts";
import type { Borrowed, PostgresLimits } from "./postgres-pool.ts";

const ABORTED_TRANSACTION = "25P02";
/** A server that does not answer at all is given this much longer than it has for a statement. */
const ANSWER_MARGIN = 500;
/** How long an event loop that was held up gets to catch up before it is judged. */
const SECOND_LOOK = 50;
const IDLE =
  "The function given to read() or write() waited for something other than its transaction. " +
  "Do that before or after it: a transaction holds a connection and locks. It was rolled back.";

/** What a session needs besides its connection. */
export interface SessionContext {
  readonly address: string;
  readonly clock: Clock;
  readonly limits: PostgresLimits;
  /** On the monotonic clock: when the call this session serves must have ended. */
  readonly deadline: number;
}

/** One connection for the length of one transaction. A watchdog ends it when the server or the caller stops moving. */
export class PostgresSession implements StatementRunner {
  readonly #borrowed: Borrowed;
  readonly #context: SessionContext;
  readonly #aborted = Promise.withResolvers<never>();
  #inFlight = 0;
  #movedAt: number;
  #watchdog: NodeJS.Timeout;
  #lookedAt = -1;
  #verdict: Error | undefined;
  #failure: unknown;
  /** Nobody may have heard of the failure. */
  #unheard = false;
  #broken = false;
  #released = false;
  /** The failure that asks for the whole transaction to be run again. */
  #repeat: unknown;

  constructor(borrowed: Borrowed, context: SessionContext) {
    this.#borrowed = borrowed;
    this.#context = context;
    this.#movedAt = context.clock.monotonic();
    this.#aborted.promise.catch(() => undefined);
    this.#watchdog = setTimeout(() => this.#watch(), Math.min(context.limits.idle, this.#remaining()));
  }

  /** Rejects when the watchdog ends the session. */
  get aborted(): Promise<never> {
    return this.#aborted.promise;
  }

  /** The failure for which the same work should be run again, if there was one. */
  get repeat(): unknown {
    return this.#repeat;
  }

  /** What the first statement failed with that was not undone. */
  get failure(): unknown {
    return this.#failure;
  }

  /** Whether the server could not be reached or did not answer, rather than refused something. */
  get unanswered(): boolean {
    return this.#broken && !(this.#verdict instanceof TransactionMisuseError);
  }

  /** Opens a write transaction and resolves with the database's time. Statements may follow without waiting for it. */
  begin(text: string): Promise<number> {
    const startedAt = this.run({ text }).then((results) => {
      // Two statements yield an array of results, which the library's types leave out; the second has one row `now`.
      const [, { rows }] = results as unknown as [unknown, { rows: [{ now: number }] }];
      return rows[0].now;
    });
    startedAt.catch(() => undefined);
    return startedAt;
  }

  /** The error to give to the caller whose work failed with `error`. */
  explain(error: unknown): unknown {
    if (error instanceof StoreUnavailableError) return error;
    return this.#verdict ?? (this.#broken ? connectionFailure(error, this.#context.address) : error);
  }

  async run(statement: QueryConfig): Promise<StatementResult> {
    if (this.#verdict !== undefined) throw this.#verdict;
    this.#inFlight += 1;
    this.#movedAt = this.#context.clock.monotonic();
    this.#borrowed.gather();
    try {
      return await this.#borrowed.client.query(statement);
    } catch (error) {
      throw this.#judge(error);
    } finally {
      this.#inFlight -= 1;
      this.#movedAt = this.#context.clock.monotonic();
    }
  }

  /** Runs a statement for whose answer nobody waits: the commit fails with what it fails with. */
  later(statement: QueryConfig): void {
    this.#unheard = true;
    this.run(statement).catch(() => undefined);
  }

  /** Undoes what happened since a savepoint and forgets it; does nothing where the whole transaction is lost anyway. */
  async undoTo(savepoint: string): Promise<void> {
    if (this.#broken || this.#released) return;
    try {
      await this.#send(`ROLLBACK TO ${savepoint}; RELEASE ${savepoint}`);
      this.#failure = undefined;
    } catch (error) {
      this.#judge(error);
    }
  }

  /**
   * Makes the transaction durable and gives the connection back.
   * @throws {StoreUnavailableError} with the outcome `unknown` when the answer is lost.
   */
  async commit(): Promise<void> {
    let tag: string;
    try {
      tag = (await this.#send("COMMIT")).command;
    } catch (error) {
      if (sqlState(error) !== undefined && !endsConnection(error)) throw this.#judge(error);
      this.#broken = true;
      const message = `The answer of PostgreSQL at ${this.#context.address} to a commit was lost: its outcome is unknown.`;
      throw new StoreUnavailableError(POSTGRES_STORE, message, { cause: error, outcome: "unknown" });
    }
    // The server answers the commit of a transaction in which a statement failed by rolling it back.
    if (tag !== "COMMIT") {
      if (this.#unheard && this.#failure !== undefined) throw this.#failure;
      throw new TransactionMisuseError(
        "A statement of this transaction failed, so it was rolled back. Use nested() around a statement that may fail.",
        { cause: this.#failure },
      );
    }
    this.release();
  }

  /** Undoes the transaction if it is still open, and gives the connection back if it is sound. */
  async rollback(): Promise<void> {
    if (this.#released) return;
    if (!this.#broken) await this.#send("ROLLBACK").catch(() => (this.#broken = true));
    this.release();
  }

  /** Ends a transaction that only read, without making the caller wait for it. */
  finish(): void {
    void this.rollback();
  }

  release(): void {
    if (this.#released) return;
    this.#released = true;
    clearTimeout(this.#watchdog);
    this.#borrowed.release(this.#broken || isStaleStatement(this.#repeat) ? "broken" : "reusable");
  }

  async #send(text: string) {
    this.#inFlight += 1;
    this.#movedAt = this.#context.clock.monotonic();
    this.#borrowed.gather();
    try {
      return await this.#borrowed.client.query(text);
    } finally {
      this.#inFlight -= 1;
    }
  }

  #judge(error: unknown): unknown {
    if (this.#verdict !== undefined) return this.#verdict;
    if (sqlState(error) === ABORTED_TRANSACTION && this.#failure !== undefined) return this.#failure;
    if (isConflict(error) || isStaleStatement(error)) this.#repeat = error;
    if (endsConnection(error) || this.#borrowed.lost()) this.#broken = true;
    const { address } = this.#context;
    const known = translatePostgresError(error, address);
    const judged = known === error && this.#broken ? connectionFailure(error, address) : known;
    this.#failure ??= judged;
    return judged;
  }

  #remaining(): number {
    return Math.max(0, this.#context.deadline - this.#context.clock.monotonic());
  }

  #watch(): void {
    const { limits, clock } = this.#context;
    const allowed = this.#inFlight > 0 ? limits.statement + ANSWER_MARGIN : limits.idle;
    const left = Math.min(this.#movedAt + allowed - clock.monotonic(), this.#remaining());
    if (left > 0 || this.#lookedAt !== this.#movedAt) {
      if (left <= 0) this.#lookedAt = this.#movedAt;
      this.#watchdog = setTimeout(() => this.#watch(), Math.max(left, SECOND_LOOK));
      return;
    }
    this.#verdict = this.#reasonToEnd();
    this.#broken = true;
    this.release();
    this.#aborted.reject(this.#verdict);
  }

  #reasonToEnd(): Error {
    const { address, limits } = this.#context;
    if (this.#inFlight > 0)
      return new StoreUnavailableError(POSTGRES_STORE, `PostgreSQL at ${address} did not answer in time.`);
    if (this.#remaining() > 0) return new TransactionMisuseError(IDLE);
    return new StoreUnavailableError(
      POSTGRES_STORE,
      `A transaction took longer than ${limits.total} ms and was rolled back.`,
    );
  }
}
