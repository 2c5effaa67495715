import type { Clock } from "../kernel/clock.ts";
import type { Documents } from "../kernel/ports/documents.ts";
import type { IdempotencyRecords } from "../kernel/ports/idempotency.ts";
import type { Sessions } from "../kernel/ports/sessions.ts";
import type { Store, WriteTransaction } from "../kernel/ports/store.ts";

/** What is tidied up. */
export interface HousekeepingParts {
  readonly store: Store;
  readonly records: IdempotencyRecords;
  readonly sessions: Sessions;
  readonly documents: Documents;
  readonly clock: Clock;
  /** Deletes old rows of the audit trail. */
  readonly prune: (signal?: AbortSignal) => Promise<number>;
  readonly report: (error: unknown) => void;
}

const INTERVAL = 5 * 60_000;
const CHUNK = 500;

/** Deletes what has expired, a few rows at a time, now and every five minutes. */
export function startHousekeeping(parts: HousekeepingParts): AsyncDisposable {
  const { store, records, sessions, documents, clock, prune, report } = parts;
  const stop = new AbortController();
  const jobs: readonly ((transaction: WriteTransaction) => Promise<number>)[] = [
    (transaction) => records.prune(transaction, CHUNK),
    (transaction) => sessions.prune(transaction, clock.now(), CHUNK),
    (transaction) => documents.prune(transaction, CHUNK),
  ];

  async function tidy(): Promise<void> {
    for (const job of jobs) {
      let deleted = CHUNK;
      while (deleted >= CHUNK && !stop.signal.aborted) deleted = await store.write(job);
    }
    await prune(stop.signal);
  }

  let running = Promise.resolve();
  const start = (): void => {
    running = running.then(tidy).catch(report);
  };
  const timer = setInterval(start, INTERVAL).unref();
  start();
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      stop.abort();
      await running;
    },
  };
}
