import type { Clock } from "../../kernel/clock.ts";
import { assertChecks, decide, type LimitTime } from "../../kernel/limit/decide.ts";
import type { Stamp } from "../../kernel/limit/tally.ts";
import type { Counters, Decision, LimitCheck, Reservation } from "../../kernel/ports/counters.ts";
import type { Store, WriteTransaction } from "../../kernel/ports/store.ts";
import { CounterRows, forgetCounters, sweepCounters } from "./sql-counters-rows.ts";

/** How counters on the transactional store behave. */
export interface SqlCountersOptions {
  readonly store: Store;
  /** For the pauses between sweeps of expired rows and, with `time: "clock"`, for everything. */
  readonly clock: Clock;
  /** `database`, the default: the database's time, one for all servers. `clock`: that of `clock`. */
  readonly time?: "database" | "clock";
}

/** Calls decided in one transaction at most. */
const LARGEST_BATCH = 128;
/** Milliseconds between sweeps. */
const SWEEP_INTERVAL = 60_000;

type Apply = (rows: CounterRows, time: LimitTime) => void;

/** A call waiting for its turn. */
class Job {
  readonly checks: readonly LimitCheck[];
  readonly #apply: Apply;
  readonly #outcome = Promise.withResolvers<void>();
  #failure: unknown;

  constructor(checks: readonly LimitCheck[], apply: Apply) {
    this.checks = checks;
    this.#apply = apply;
  }

  get done(): Promise<void> {
    return this.#outcome.promise;
  }

  /** Runs again when the store repeats a transaction. A call that cannot be decided does not fail its neighbours. */
  apply(rows: CounterRows, time: LimitTime): void {
    this.#failure = undefined;
    try {
      this.#apply(rows, time);
    } catch (error) {
      this.#failure = error;
    }
  }

  committed(): void {
    if (this.#failure === undefined) this.#outcome.resolve();
    else this.#outcome.reject(this.#failure);
  }

  failed(error: unknown): void {
    this.#outcome.reject(error);
  }
}

/** What a reservation remembers: what was taken and has not been given back. */
class Mark {
  readonly checks: readonly LimitCheck[];
  readonly stamps: (Stamp | undefined)[];
  /** A renewal under way: until it has ended nobody knows what is to be given back. */
  renewing: Promise<void> = Promise.resolve();

  constructor(checks: readonly LimitCheck[], stamps: Stamp[]) {
    this.checks = checks;
    this.stamps = stamps;
  }

  static of({ mark }: Reservation): Mark {
    if (!(mark instanceof Mark)) throw new TypeError("The reservation was made by other counters.");
    return mark;
  }

  outstanding(checks: readonly LimitCheck[]): Outstanding[] {
    return this.checks.flatMap((check, index) => {
      const stamp = this.stamps[index];
      const asked = stamp !== undefined && checks.some(({ key }) => key === check.key);
      return asked ? [{ index, check, stamp }] : [];
    });
  }
}

interface Outstanding {
  readonly index: number;
  readonly check: LimitCheck;
  readonly stamp: Stamp;
}

/**
 * Counters in the table `limit_counters`, shared by every server on the same database. Calls that arrive while a
 * transaction is under way are decided together in the next one, in their order.
 */
export function createSqlCounters(options: SqlCountersOptions): Counters {
  return new SqlCounters(options);
}

class SqlCounters implements Counters {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #ownTime: boolean;
  #waiting: Job[] = [];
  #working: Promise<void> | undefined;
  #sweepAt: number;

  constructor(options: SqlCountersOptions) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#ownTime = options.time === "clock";
    this.#sweepAt = options.clock.monotonic() + SWEEP_INTERVAL;
  }

  take(checks: readonly LimitCheck[]): Promise<Decision> {
    assertChecks(checks);
    let decision: Decision | undefined;
    const apply = (rows: CounterRows, time: LimitTime): void => {
      const tallies = checks.map((check) => rows.tally(check));
      const { states, stamps } = decide(checks, tallies, time);
      if (stamps === undefined) {
        decision = { admitted: false, states };
        return;
      }
      for (const check of checks) rows.note(check);
      decision = { admitted: true, states, reservation: { checks, mark: new Mark(checks, stamps) } };
    };
    return this.#enqueue(checks, apply).then(() => {
      if (decision === undefined) throw new Error("A limit was settled without having been decided.");
      return decision;
    });
  }

  async release(reservation: Reservation): Promise<void> {
    const mark = Mark.of(reservation);
    await mark.renewing;
    const given = mark.outstanding(reservation.checks);
    if (given.length === 0) return;
    for (const { index } of given) mark.stamps[index] = undefined;
    const apply = (rows: CounterRows, { now }: LimitTime): void => {
      for (const { check, stamp } of given) {
        rows.tally(check).giveBack(check, stamp, now);
        rows.note(check);
      }
    };
    await this.#enqueue(
      given.map(({ check }) => check),
      apply,
    );
  }

  renew(reservation: Reservation): Promise<void> {
    const mark = Mark.of(reservation);
    const renewal = mark.renewing.then(() => this.#renew(mark, reservation.checks));
    mark.renewing = renewal.catch(() => undefined);
    return renewal;
  }

  async #renew(mark: Mark, checks: readonly LimitCheck[]): Promise<void> {
    const held = mark.outstanding(checks).filter(({ check }) => check.rule.kind === "concurrency");
    if (held.length === 0) return;
    let stamps: Stamp[] = [];
    const apply = (rows: CounterRows, { now }: LimitTime): void => {
      stamps = held.map(({ check, stamp }) => {
        const tally = rows.tally(check);
        tally.giveBack(check, stamp, now);
        rows.note(check);
        return tally.take(check.rule, check.cost, now);
      });
    };
    await this.#enqueue(
      held.map(({ check }) => check),
      apply,
    );
    for (const [position, { index }] of held.entries()) mark.stamps[index] = stamps[position];
  }

  async reset(keys?: readonly string[]): Promise<void> {
    await this.#store.write((transaction) => forgetCounters(transaction, keys));
  }

  /** Waits for calls under way; the store belongs to whoever opened it. */
  async [Symbol.asyncDispose](): Promise<void> {
    while (this.#working !== undefined) await this.#working;
  }

  #enqueue(checks: readonly LimitCheck[], apply: Apply): Promise<void> {
    const job = new Job(checks, apply);
    this.#waiting.push(job);
    this.#working ??= this.#work();
    return job.done;
  }

  async #work(): Promise<void> {
    // Calls of the same turn of the event loop share the first transaction.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, LARGEST_BATCH);
      try {
        await this.#store.write((transaction) => this.#decide(transaction, batch));
        for (const job of batch) job.committed();
      } catch (error) {
        for (const job of batch) job.failed(error);
      }
      await this.#sweep();
    }
    this.#working = undefined;
  }

  async #decide(transaction: WriteTransaction, batch: readonly Job[]): Promise<void> {
    const wall = await this.#wall(transaction);
    const time = { now: Math.floor(wall * 1000), wall };
    const keys = batch.flatMap(({ checks }) => checks.map(({ key }) => key));
    const rows = await CounterRows.load(transaction, keys, time.now);
    for (const job of batch) job.apply(rows, time);
    await rows.save(transaction);
  }

  async #sweep(): Promise<void> {
    const now = this.#clock.monotonic();
    if (now < this.#sweepAt) return;
    this.#sweepAt = now + SWEEP_INTERVAL;
    // Expired rows count for nothing, so a sweep that fails is simply followed by the next one.
    const sweep = async (transaction: WriteTransaction): Promise<void> =>
      sweepCounters(transaction, await this.#wall(transaction));
    await this.#store.write(sweep).catch(() => undefined);
  }

  #wall(transaction: WriteTransaction): number | Promise<number> {
    return this.#ownTime ? this.#clock.now() : transaction.now();
  }
}
