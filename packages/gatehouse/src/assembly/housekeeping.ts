import type { Clock } from "../kernel/clock.ts";
import type { Documents } from "../kernel/ports/documents.ts";
import type { IdempotencyRecords } from "../kernel/ports/idempotency.ts";
import type { Sessions } from "../kernel/ports/sessions.ts";
import type { Store, WriteTransaction } from "../kernel/ports/store.ts";
import type { UploadPorts } from "../kernel/ports/uploads.ts";

/** What removes of its own what is of no use any more. */
interface Tidied {
  prune(transaction: WriteTransaction, limit: number): Promise<number>;
}

/** What is tidied up. */
export interface HousekeepingParts {
  readonly store: Store;
  readonly records: IdempotencyRecords;
  readonly sessions: Sessions;
  readonly documents: Documents;
  /** What the identity provider keeps; absent where there is none. */
  readonly artifacts?: Tidied | undefined;
  /** Clients of the identity provider and their secrets. */
  readonly clients?: Tidied | undefined;
  readonly grantRecord?: Tidied | undefined;
  /** Join tokens and what was counted of them. */
  readonly joinTokens: Tidied;
  /** Publications and servers of realtime; absent where there are no actors. */
  readonly realtime?: Tidied | undefined;
  /** Finished work orders; absent where there are none. */
  readonly work?: Tidied | undefined;
  /** Jobs that were given up long ago. */
  readonly jobs?: Tidied | undefined;
  readonly uploads: UploadPorts;
  readonly clock: Clock;
  /** Looks after files that the store knows nothing of. */
  readonly strays: (signal: AbortSignal) => Promise<void>;
  /** Looks after uploads to collections, where there are any. */
  readonly media?: ((signal: AbortSignal) => Promise<void>) | undefined;
  /** Deletes old rows of the audit trail. */
  readonly prune: (signal?: AbortSignal) => Promise<number>;
  /** Seals anew what does not go away by itself, once after each rotation of the keys. */
  readonly reseal?: ((signal: AbortSignal) => Promise<void>) | undefined;
  /** Looks at how join tokens are used. */
  readonly look: (signal: AbortSignal) => Promise<void>;
  /** Reminds of what is due. */
  readonly remind: () => Promise<void>;
  readonly report: (error: unknown) => void;
}

const INTERVAL = 5 * 60_000;
const CHUNK = 500;

/** Deletes what has expired, a few rows at a time, and reminds of what is due: now and every five minutes. */
export function startHousekeeping(parts: HousekeepingParts): AsyncDisposable {
  const { store, records, sessions, documents, uploads, clock, strays, media, prune, remind, report } = parts;
  const { artifacts, clients, grantRecord, joinTokens, jobs: deadJobs, realtime, work, reseal, look } = parts;
  const stop = new AbortController();
  const jobs: readonly ((transaction: WriteTransaction) => Promise<number>)[] = [
    (transaction) => records.prune(transaction, CHUNK),
    (transaction) => sessions.prune(transaction, clock.now(), CHUNK),
    (transaction) => documents.prune(transaction, CHUNK),
    ...[artifacts, clients, grantRecord, joinTokens, deadJobs, realtime, work]
      .filter((rows) => rows !== undefined)
      .map((rows) => (transaction: WriteTransaction) => rows.prune(transaction, CHUNK)),
  ];

  async function tidy(): Promise<void> {
    for (const job of jobs) {
      let deleted = CHUNK;
      while (deleted >= CHUNK && !stop.signal.aborted) deleted = await store.write(job);
    }
    await deleteExpiredUploads(uploads, store, stop.signal);
    await strays(stop.signal);
    await media?.(stop.signal);
    await prune(stop.signal);
    await reseal?.(stop.signal);
    await look(stop.signal);
    await remind();
  }

  // An embedded store has one process: what was arriving at its end never will.
  const first = (): Promise<unknown> =>
    store.dialect === "sqlite"
      ? store.write((transaction) => uploads.records.forgetArriving(transaction))
      : Promise.resolve();
  let running = first().then(() => undefined, report);
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

/** Deletes files that nobody took in time or that were given up, and their rows last: what is left has one. */
async function deleteExpiredUploads({ sink, records }: UploadPorts, store: Store, signal: AbortSignal): Promise<void> {
  let ids: readonly string[];
  do {
    ids = await store.write((transaction) => records.expired(transaction, CHUNK));
    for (const id of ids) await sink.delete(id);
    await store.write((transaction) => records.remove(transaction, ids));
  } while (ids.length >= CHUNK && !signal.aborted);
}
