import { setTimeout as delay } from "node:timers/promises";

import type { ClientConfig } from "pg";

import type { Clock } from "../../kernel/clock.ts";
import {
  StoreUnavailableError,
  TransactionMisuseError,
  type Isolation,
  type Migration,
  type ReadTransaction,
  type Store,
  type StoreHealth,
  type WriteTransaction,
} from "../../kernel/ports/store.ts";
import { systemRandom, type Random } from "../../kernel/random.ts";
import { pauseAfter } from "../backoff.ts";
import { createBreaker, type Breaker, type StoreStateChange } from "../breaker.ts";
import { POSTGRES_STORE } from "./postgres-errors.ts";
import { defaultLimits, holdConnection, PostgresPool, type Borrowed, type PostgresLimits } from "./postgres-pool.ts";
import { PostgresSession } from "./postgres-session.ts";
import { probe } from "./postgres-health.ts";
import type { TableGrants } from "./postgres-grants.ts";
import { prepareSchema, type SchemaOptions } from "./postgres-schema.ts";
import { connectionConfig, type PostgresSettings } from "./postgres-settings.ts";
import { BEGIN_READ, PostgresReadTransaction, PostgresWriteTransaction } from "./postgres-transaction.ts";

/** Who changes the schema instead of the store's own role. */
export interface PostgresMigrator {
  /** Like the store's, with the role that owns the schema. */
  readonly url: string;
  /** What the store's role and the reader are granted after each change. */
  readonly grants: Omit<TableGrants, "writer">;
}

/** Where a schema is and what it is to be. */
export interface PostgresSchemaOptions extends PostgresSettings {
  readonly migrations: readonly Migration[];
  readonly migrator?: PostgresMigrator | undefined;
}

/** How to open a store on PostgreSQL. */
export interface PostgresStoreOptions extends PostgresSchemaOptions {
  readonly clock: Clock;
  /** Applied before the store is handed out, under a lock that other servers wait for. */
  readonly migrations: readonly Migration[];
  /** Connects only where migrations are pending. Default: the store's own role applies them, where it may. */
  readonly migrator?: PostgresMigrator | undefined;
  /** Spreads the repetitions of transactions that were in each other's way. Default: the operating system's generator. */
  readonly random?: Random;
  readonly limits?: Partial<PostgresLimits>;
  /** Told when the store stops and starts answering. */
  readonly onStateChange?: (change: StoreStateChange) => void;
  /** Receives what cannot be thrown at anyone, or points to a bug: failing effects, transactions that wait for something else. */
  readonly report?: (error: unknown) => void;
}

/** A store on PostgreSQL, 15 or newer. */
export interface PostgresStore extends Store {
  readonly dialect: "postgres";
}

const NOW = "SELECT floor(extract(epoch from clock_timestamp()) * 1000)::bigint AS now";
const BEGIN_WRITE: Readonly<Record<Isolation, string>> = {
  serializable: `BEGIN ISOLATION LEVEL SERIALIZABLE READ WRITE; ${NOW}`,
  "read committed": `BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; ${NOW}`,
};
/** With this many repetitions waiting, new transactions queue behind them rather than adding to the contention. */
const CROWD = 4;
/** During development a transaction that waits for something else is pointed out at once. */
const DEVELOPMENT_IDLE = 100;
const FIRST_PAUSE = 2;
const LONGEST_PAUSE = 200;

/**
 * Opens a store on PostgreSQL and brings its schema up to date.
 * @throws {StoreUnavailableError} when the server cannot be reached, refuses the user, or its certificate is not valid.
 * @throws {MigrationError} when the schema and `migrations` do not belong together.
 * @throws {TypeError} when the address is malformed or would be used without verified TLS.
 */
export async function openPostgresStore(options: PostgresStoreOptions): Promise<PostgresStore> {
  const config = connectionConfig(options);
  const idle = options.profile === "development" ? DEVELOPMENT_IDLE : defaultLimits.idle;
  const limits = { ...defaultLimits, idle, ...options.limits };
  await prepareSchema(schemaOptions(options));
  return new PooledStore(config, limits, options);
}

/** What preparing a schema takes. */
export function schemaOptions({ migrator, migrations, ...settings }: PostgresSchemaOptions): SchemaOptions {
  return {
    migrations,
    config: connectionConfig(settings),
    migrator: migrator && connectionConfig({ ...settings, url: migrator.url }),
    grants: migrator?.grants,
  };
}

/** The transaction was in another one's way: the same work is to be run again. */
class Conflict extends Error {}

type Attempt<Result> = (session: PostgresSession) => Promise<Result>;

class PooledStore implements PostgresStore {
  readonly dialect = "postgres";
  readonly #pool: PostgresPool;
  /** One connection for transactions that met a conflict. */
  readonly #lane: PostgresPool;
  readonly #limits: PostgresLimits;
  readonly #options: PostgresStoreOptions;
  readonly #random: Random;
  readonly #breaker: Breaker;

  #closed = false;

  constructor(config: ClientConfig, limits: PostgresLimits, options: PostgresStoreOptions) {
    const { clock, onStateChange } = options;
    this.#pool = new PostgresPool(config, limits);
    this.#lane = new PostgresPool(config, { ...limits, connections: 1 });
    this.#limits = limits;
    this.#options = options;
    this.#random = options.random ?? systemRandom;
    this.#breaker = createBreaker({
      clock,
      onChange: (state) => {
        const available = state === "closed";
        const detail = available
          ? `PostgreSQL at ${this.#pool.address} answers again.`
          : `PostgreSQL at ${this.#pool.address} does not answer; calls are refused and it is asked once a second.`;
        onStateChange?.({ store: POSTGRES_STORE, available, detail });
      },
    });
  }

  read<Result>(work: (transaction: ReadTransaction) => Promise<Result>): Promise<Result> {
    return this.#repeat((session) => this.#readOnce(session, work));
  }

  write<Result>(
    work: (transaction: WriteTransaction) => Promise<Result>,
    { isolation = "serializable" }: { readonly isolation?: Isolation } = {},
  ): Promise<Result> {
    const began = BEGIN_WRITE[isolation];
    return this.#repeat((session) => this.#writeOnce(session, began, work), isolation);
  }

  health(): Promise<StoreHealth> {
    return probe(this.#pool, this.#options.clock);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    await Promise.all([this.#pool[Symbol.asyncDispose](), this.#lane[Symbol.asyncDispose]()]);
  }

  async #readOnce<Result>(session: PostgresSession, work: (transaction: ReadTransaction) => Promise<Result>) {
    const transaction = new PostgresReadTransaction(session);
    // The first statement follows without waiting for the answer.
    const began = session.run({ text: BEGIN_READ });
    try {
      const [result] = await Promise.race([Promise.all([work(transaction), began]), session.aborted]);
      session.finish();
      return result;
    } finally {
      transaction.end();
    }
  }

  async #writeOnce<Result>(
    session: PostgresSession,
    began: string,
    work: (transaction: WriteTransaction) => Promise<Result>,
  ) {
    const startedAt = session.begin(began);
    const effects: (() => void)[] = [];
    const transaction = new PostgresWriteTransaction({ session, startedAt, effects });
    let result: Result;
    try {
      [result] = await Promise.race([Promise.all([work(transaction), startedAt]), session.aborted]);
    } finally {
      transaction.end();
    }
    await session.commit();
    for (const effect of effects) this.#run(effect);
    return result;
  }

  /** Runs a transaction again for as long as it is in the way of others; the repetitions run one at a time. */
  async #repeat<Result>(attempt: Attempt<Result>, isolation?: Isolation): Promise<Result> {
    const deadline = this.#options.clock.monotonic() + this.#limits.total;
    // What locks by itself adds nothing to the contention of the others.
    const crowded = isolation !== "read committed" && this.#lane.usage.waiting >= CROWD;
    if (!crowded) {
      try {
        return await this.#attempt(await this.#acquire(this.#pool), deadline, attempt);
      } catch (error) {
        if (!(error instanceof Conflict)) throw error;
      }
    }
    using held = holdConnection(await this.#acquire(this.#lane));
    for (let number = 1; ; number += 1) {
      try {
        return await this.#attempt(held.borrowed, deadline, attempt);
      } catch (error) {
        if (!(error instanceof Conflict)) throw error;
        if (this.#options.clock.monotonic() >= deadline) {
          const message = `A transaction was in the way of others for ${this.#limits.total} ms; nothing was changed.`;
          throw new StoreUnavailableError(POSTGRES_STORE, message, { cause: error.cause });
        }
      }
      await delay(pauseAfter(number, { first: FIRST_PAUSE, limit: LONGEST_PAUSE, random: this.#random }));
    }
  }

  async #attempt<Result>(borrowed: Borrowed, deadline: number, attempt: Attempt<Result>): Promise<Result> {
    const { clock } = this.#options;
    const session = new PostgresSession(borrowed, {
      address: this.#pool.address,
      clock,
      limits: this.#limits,
      deadline,
    });
    try {
      const result = await attempt(session);
      this.#breaker.succeeded();
      return result;
    } catch (error) {
      await session.rollback();
      if (session.unanswered) this.#breaker.failed();
      else this.#breaker.succeeded();
      if (error instanceof TransactionMisuseError) this.#options.report?.(error);
      throw session.repeat === undefined ? session.explain(error) : new Conflict("", { cause: session.repeat });
    }
  }

  async #acquire(pool: PostgresPool): Promise<Borrowed> {
    if (this.#closed) throw new StoreUnavailableError(POSTGRES_STORE, "The store has been closed.");
    if (!this.#breaker.enter()) {
      const message = `PostgreSQL at ${pool.address} did not answer; it is asked again in ${this.#breaker.retryAfter} ms.`;
      throw new StoreUnavailableError(POSTGRES_STORE, message);
    }
    try {
      return await pool.acquire();
    } catch (error) {
      // When all connections are in use, their users find out whether the server answers.
      if (!pool.full) this.#breaker.failed();
      throw error;
    }
  }

  #run(effect: () => void): void {
    try {
      effect();
    } catch (error) {
      this.#options.report?.(error);
    }
  }
}
