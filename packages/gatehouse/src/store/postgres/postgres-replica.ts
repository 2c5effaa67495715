import { setTimeout as delay } from "node:timers/promises";

import type { Clock } from "../../kernel/clock.ts";
import {
  StoreUnavailableError,
  TransactionMisuseError,
  type ReadTransaction,
  type SnapshotReads,
  type Statement,
  type Store,
  type StoreHealth,
} from "../../kernel/ports/store.ts";
import { createBreaker, type Breaker, type StoreStateChange } from "../breaker.ts";
import { sharedQuestion } from "../shared-question.ts";
import { sqlState } from "./postgres-errors.ts";
import { askServer } from "./postgres-health.ts";
import { defaultLimits, PostgresPool, type Borrowed, type PostgresLimits } from "./postgres-pool.ts";
import { PostgresSession } from "./postgres-session.ts";
import { connectionConfig, type PostgresSettings } from "./postgres-settings.ts";
import { BEGIN_READ, PostgresReadTransaction } from "./postgres-transaction.ts";

/** How to read from a replica. */
export interface PostgresReplicaOptions extends PostgresSettings {
  /** The store it is a replica of. Everything that the replica cannot answer is read there. */
  readonly primary: Pick<Store, "read">;
  readonly clock: Clock;
  /** How long a read waits for the replica to have what was committed when it began, in milliseconds. */
  readonly patience: number;
  readonly limits?: Partial<PostgresLimits>;
  /** Told when the replica is not read any more, and when it is again. */
  readonly onStateChange?: (change: StoreStateChange) => void;
  /** Receives what points to a bug: reads that wait for something else. */
  readonly report?: (error: unknown) => void;
}

/** Reads from a hot standby that show everything committed before they began. */
export interface PostgresReplica extends SnapshotReads, AsyncDisposable {
  health(): Promise<StoreHealth>;
}

/** What a replica is called in health and events. */
const POSTGRES_REPLICA = "postgres-replica";

/** How far the primary is. */
interface Position {
  readonly position: string;
  readonly timeline: string;
  readonly cluster: string;
}

/** How far the replica is in comparison. */
interface Standing {
  readonly version: string;
  readonly standby: number;
  /** Whether it follows this primary, and not one that was given up. */
  readonly related: number;
  readonly behind: number;
}

const POSITION: Statement = {
  sqlite: "",
  postgres: `SELECT here::text AS position, left(pg_walfile_name(here), 8) AS timeline, system_identifier::text AS cluster
    FROM (SELECT pg_current_wal_insert_lsn() AS here) AS wal, pg_control_system()`,
};
const STANDING = `SELECT current_setting('server_version') AS version, pg_is_in_recovery() AS standby,
    system_identifier::text = $3 AND lpad(upper(to_hex(min_recovery_end_timeline)), 8, '0') = $2 AS related,
    greatest(pg_wal_lsn_diff($1::pg_lsn, pg_last_wal_replay_lsn()), 0)::bigint AS behind
  FROM pg_control_system(), pg_control_recovery()`;
const INSUFFICIENT_PRIVILEGE = "42501";
/** A replica is to make reads cheaper: it is not waited for as the primary is. */
const CONNECT_PATIENCE = 500;
const LOOK_AGAIN = 2;

/** Reads from a replica. It need not be there yet. */
export function openPostgresReplica(options: PostgresReplicaOptions): PostgresReplica {
  return new StandbyReads(options);
}

/** The replica cannot answer; the read is to be done at the primary. */
class Unanswered extends Error {}

class StandbyReads implements PostgresReplica {
  readonly #options: PostgresReplicaOptions;
  readonly #limits: PostgresLimits;
  readonly #pool: PostgresPool;
  readonly #breaker: Breaker;
  readonly #position: () => Promise<Position>;
  /** What reads tables that the reader may not see. */
  readonly #refused = new Set<string>();
  #lastReason = "";
  #closed = false;

  constructor(options: PostgresReplicaOptions) {
    const { clock, primary, onStateChange } = options;
    this.#options = options;
    this.#limits = { ...defaultLimits, acquire: CONNECT_PATIENCE, ...options.limits };
    this.#pool = new PostgresPool(connectionConfig(options), this.#limits);
    this.#position = sharedQuestion(async () => {
      const [position] = await primary.read((transaction) => transaction.execute<Position>(POSITION, []));
      if (position === undefined) throw new TypeError("The primary did not say how far it is.");
      return position;
    });
    this.#breaker = createBreaker({
      clock,
      onChange: (state) => {
        const available = state === "closed";
        const detail = available
          ? `The replica at ${this.#pool.address} is read again.`
          : `The replica at ${this.#pool.address} is not read, because ${this.#lastReason}. Reads go to the primary.`;
        onStateChange?.({ store: POSTGRES_REPLICA, available, detail });
      },
    });
  }

  async read<Result>(purpose: string, work: (transaction: ReadTransaction) => Promise<Result>): Promise<Result> {
    if (this.#closed || this.#refused.has(purpose) || !this.#breaker.enter()) return this.#options.primary.read(work);
    try {
      return await this.#readReplica(purpose, work);
    } catch (error) {
      if (!(error instanceof Unanswered)) throw error;
      return this.#options.primary.read(work);
    }
  }

  async health(): Promise<StoreHealth> {
    const { clock } = this.#options;
    const started = clock.monotonic();
    const outcome = await askServer<Standing>(this.#pool, async () => standingOf(await this.#position()));
    const base = { name: POSTGRES_REPLICA, engine: "postgres", latency: clock.monotonic() - started };
    // Without a replica the server does all it does, only less cheaply.
    if (typeof outcome === "string") return { ...base, state: "degraded", detail: outcome };
    const detail = `version ${outcome.version}, ${outcome.behind} bytes behind the primary`;
    const reason = unfit(outcome);
    if (reason !== undefined) return { ...base, state: "degraded", detail: `${detail}; ${reason}` };
    if (this.#breaker.state === "closed") return { ...base, state: "up", detail };
    return { ...base, state: "degraded", detail: `${detail}; not read, because ${this.#lastReason}` };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    await this.#pool[Symbol.asyncDispose]();
  }

  async #readReplica<Result>(purpose: string, work: (transaction: ReadTransaction) => Promise<Result>) {
    const position = await this.#position().catch((cause: unknown) => {
      throw new Unanswered("", { cause });
    });
    const borrowed = await this.#acquire();
    const session = this.#session(borrowed);
    const transaction = new PostgresReadTransaction(session);
    try {
      await this.#untilReplayed(session, { borrowed, position }).catch((error: unknown) => {
        throw error instanceof Unanswered ? error : this.#giveUp("it does not say how far it is", error);
      });
      await session.run({ text: BEGIN_READ });
      const result = await Promise.race([work(transaction), session.aborted]);
      // Work that has made do with a failure would have had an answer at the primary.
      if (session.failure !== undefined) throw session.failure;
      session.finish();
      this.#breaker.succeeded();
      return result;
    } catch (error) {
      await session.rollback();
      throw error instanceof Unanswered ? error : this.#judge(error, { purpose, session });
    } finally {
      transaction.end();
    }
  }

  /** What a read that failed is to end with. */
  #judge(
    error: unknown,
    { purpose, session }: { readonly purpose: string; readonly session: PostgresSession },
  ): unknown {
    if (session.unanswered) return this.#giveUp("it does not answer", error);
    this.#breaker.succeeded();
    if (error instanceof TransactionMisuseError) this.#options.report?.(error);
    if (sqlState(session.failure) === INSUFFICIENT_PRIVILEGE) this.#refused.add(purpose);
    const elsewhere =
      session.repeat !== undefined ||
      sqlState(session.failure) === INSUFFICIENT_PRIVILEGE ||
      session.failure instanceof StoreUnavailableError;
    return elsewhere ? new Unanswered("", { cause: error }) : session.explain(error);
  }

  #giveUp(reason: string, cause?: unknown): Unanswered {
    this.#lastReason = reason;
    this.#breaker.failed();
    return new Unanswered(reason, { cause });
  }

  async #acquire(): Promise<Borrowed> {
    try {
      return await this.#pool.acquire();
    } catch (error) {
      // When all connections are in use, their users find out whether the server answers.
      throw this.#pool.full ? new Unanswered("", { cause: error }) : this.#giveUp("it cannot be reached", error);
    }
  }

  #session(borrowed: Borrowed): PostgresSession {
    const { clock } = this.#options;
    const deadline = clock.monotonic() + this.#limits.total;
    return new PostgresSession(borrowed, { address: this.#pool.address, clock, limits: this.#limits, deadline });
  }

  /** The snapshot of a transaction that begins after this shows what was committed at that position. */
  async #untilReplayed(
    session: PostgresSession,
    { borrowed, position }: { readonly borrowed: Borrowed; readonly position: Position },
  ): Promise<void> {
    const { clock, patience } = this.#options;
    const until = clock.monotonic() + patience;
    for (;;) {
      const asked = session.run(standingOf(position));
      asked.catch(() => undefined);
      const answer = await Promise.race([asked, delay(patience, undefined, { ref: false })]);
      if (answer === undefined) {
        borrowed.release("broken");
        throw this.#giveUp(`it did not answer within ${patience} ms`);
      }
      // The statement has one row of these columns.
      const standing = answer.rows[0] as Standing;
      const reason = unfit(standing);
      if (reason !== undefined) throw this.#giveUp(reason);
      if (standing.behind === 0) return;
      if (clock.monotonic() >= until) throw this.#giveUp(`it is more than ${patience} ms behind`);
      await delay(LOOK_AGAIN);
    }
  }
}

function standingOf({ position, timeline, cluster }: Position) {
  return { name: POSTGRES_REPLICA, text: STANDING, values: [position, timeline, cluster] };
}

function unfit({ standby, related }: Standing): string | undefined {
  if (standby !== 1) return "it is no standby";
  return related === 1 ? undefined : "it does not follow this primary";
}
