import { createHash } from "node:crypto";
import type { Kysely } from "kysely";
import type { QueryConfig } from "pg";

import {
  TransactionMisuseError,
  type ReadTransaction,
  type SqlValue,
  type Statement,
  type WriteTransaction,
} from "../../kernel/ports/store.ts";
import { createQueryBuilder, type StatementResult, type StatementRunner } from "./postgres-dialect.ts";
import type { PostgresSession } from "./postgres-session.ts";

/** Begins a transaction that reads one snapshot. */
export const BEGIN_READ = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

const ENDED =
  "This transaction has ended. Await every statement before the function given to read() or write() returns, " +
  "and do not keep the transaction object.";
const NESTED = "A nested transaction is running. Await it before using the one around it, or start them one by one.";

/** Server-side names of statements, so that each is parsed and planned once per connection. */
const statementNames = new WeakMap<Statement, string>();

function nameOf(statement: Statement): string {
  let name = statementNames.get(statement);
  if (name === undefined) {
    name = createHash("sha256").update(statement.postgres).digest("base64url");
    statementNames.set(statement, name);
  }
  return name;
}

function queryOf(statement: Statement, parameters: readonly SqlValue[]): QueryConfig {
  return { name: nameOf(statement), text: statement.postgres, values: [...parameters] };
}

/** A transaction's view of a session: runs statements until the transaction ends. */
export class PostgresReadTransaction implements ReadTransaction, StatementRunner {
  readonly dialect = "postgres";
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
    const { rows } = await this.run(queryOf(statement, parameters));
    // The row type is the caller's knowledge of the statement.
    return rows as Row[];
  }

  async run(statement: QueryConfig): Promise<StatementResult> {
    this.ensureUsable();
    return this.#runner.run(statement);
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

/** What a write transaction and those nested in it share. */
export interface WriteScope {
  readonly session: PostgresSession;
  /** The database's time at the start, in epoch milliseconds. */
  readonly startedAt: Promise<number>;
  /** Run in order once the transaction is durable. */
  readonly effects: (() => void)[];
}

/** A write transaction, or a savepoint within one. */
export class PostgresWriteTransaction extends PostgresReadTransaction implements WriteTransaction {
  readonly #scope: WriteScope;
  readonly #depth: number;

  constructor(scope: WriteScope, depth = 0) {
    super(scope.session);
    this.#scope = scope;
    this.#depth = depth;
  }

  async now(): Promise<number> {
    this.ensureUsable();
    return this.#scope.startedAt;
  }

  later(statement: Statement, parameters: readonly SqlValue[]): void {
    this.ensureUsable();
    this.#scope.session.later(queryOf(statement, parameters));
  }

  afterCommit(effect: () => void): void {
    this.ensureUsable();
    this.#scope.effects.push(effect);
  }

  async nested<Result>(work: (transaction: WriteTransaction) => Promise<Result>): Promise<Result> {
    this.suspend();
    const { session, effects } = this.#scope;
    const savepoint = `nested${this.#depth}`;
    const inner = new PostgresWriteTransaction(this.#scope, this.#depth + 1);
    const kept = effects.length;
    try {
      await session.run({ text: `SAVEPOINT ${savepoint}` });
      const result = await work(inner);
      inner.end();
      await session.run({ text: `RELEASE ${savepoint}` });
      return result;
    } catch (error) {
      inner.end();
      effects.length = kept;
      await session.undoTo(savepoint);
      throw error;
    } finally {
      this.resume();
    }
  }
}
