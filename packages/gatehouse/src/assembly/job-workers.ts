import type { ClaimedJob, JobHandler, Jobs } from "../kernel/ports/jobs.ts";
import type { Store } from "../kernel/ports/store.ts";
import type { Random } from "../kernel/random.ts";
import { pause, type Timers } from "../kernel/timers.ts";
import { pauseAfter } from "../store/backoff.ts";

/** What works on the jobs of one queue. */
export interface JobWorkersParts {
  readonly jobs: Jobs;
  readonly store: Store;
  readonly timers: Timers;
  readonly random: Random;
  readonly queue: string;
  readonly handlers: readonly JobHandler[];
  readonly report: (error: unknown) => void;
  /** Jobs at a time. Default 2. */
  readonly concurrency?: number;
  /** Milliseconds a job is held before it has to be renewed, which happens three times as often. Default 60 000. */
  readonly lease?: number;
  /** Milliseconds after the first failure; they double. Default 1000. */
  readonly firstPause?: number;
  /** The longest pause between attempts. Default 5 minutes. */
  readonly longestPause?: number;
  /** Milliseconds between looks at a quiet queue, for messages that were lost. Default 15 000. */
  readonly look?: number;
  /** Milliseconds that running jobs have to finish once the workers stop. Default 10 000. */
  readonly drain?: number;
}

const DEFAULTS = {
  ...{ concurrency: 2, lease: 60_000, firstPause: 1000, longestPause: 5 * 60_000, look: 15_000, drain: 10_000 },
} as const;
const RENEWALS = 3;
/** Milliseconds before another look at a queue whose due jobs somebody else is taking. */
const SHORTEST_WAIT = 50;

/** Works on the jobs of a queue until disposed; then it takes no more and waits for those that run. */
export async function startJobWorkers(parts: JobWorkersParts): Promise<AsyncDisposable> {
  const workers = new JobWorkers(parts);
  await workers.start();
  return workers;
}

class LostJobError extends Error {
  override readonly name = "LostJobError";
}

class JobWorkers implements AsyncDisposable {
  readonly #parts: JobWorkersParts & Required<Pick<JobWorkersParts, keyof typeof DEFAULTS>>;
  readonly #handlers: ReadonlyMap<string, JobHandler>;
  readonly #running = new Set<Promise<void>>();
  readonly #stop = new AbortController();
  readonly #cutOff = new AbortController();
  #wake = Promise.withResolvers<void>();
  #listening: AsyncDisposable | undefined;
  #loop: Promise<void> | undefined;

  constructor(parts: JobWorkersParts) {
    this.#parts = { ...DEFAULTS, ...parts };
    this.#handlers = new Map(parts.handlers.map((handler) => [handler.kind, handler]));
  }

  async start(): Promise<void> {
    const { jobs, queue } = this.#parts;
    this.#listening = await jobs.listen(queue, () => this.#wake.resolve());
    this.#loop = this.#work();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { timers, drain } = this.#parts;
    this.#stop.abort();
    this.#wake.resolve();
    await this.#listening?.[Symbol.asyncDispose]();
    await this.#loop;
    const running = Promise.all(this.#running);
    await pause(timers, drain, { sooner: running.then(() => undefined) });
    this.#cutOff.abort();
    await running;
  }

  async #work(): Promise<void> {
    const { jobs, queue, concurrency, lease } = this.#parts;
    while (!this.#stop.signal.aborted) {
      this.#wake = Promise.withResolvers();
      try {
        const limit = concurrency - this.#running.size;
        const claimed = limit > 0 ? await jobs.claim(queue, { limit, duration: lease }) : [];
        for (const job of claimed) this.#begin(job);
        if (claimed.length === 0) await this.#rest();
      } catch (error) {
        this.#parts.report(error);
        await pause(this.#parts.timers, this.#parts.firstPause, { signal: this.#stop.signal });
      }
    }
  }

  /** Waits for a place, and for a job that is due or was added. */
  async #rest(): Promise<void> {
    const { jobs, queue, concurrency, look, timers } = this.#parts;
    const { signal } = this.#stop;
    if (this.#running.size >= concurrency) return pause(timers, look, { signal, sooner: Promise.race(this.#running) });
    const due = (await jobs.due(queue)) ?? look;
    await pause(timers, Math.min(look, Math.max(SHORTEST_WAIT, due)), { signal, sooner: this.#wake.promise });
  }

  #begin(job: ClaimedJob): void {
    const running = this.#attempt(job)
      .catch(this.#parts.report)
      .finally(() => {
        this.#running.delete(running);
        this.#wake.resolve();
      });
    this.#running.add(running);
  }

  async #attempt(job: ClaimedJob): Promise<void> {
    const { jobs, store } = this.#parts;
    const handler = this.#handlers.get(job.kind);
    if (handler === undefined)
      return this.#fail(job, undefined, { reason: `Nobody does jobs of the kind ${job.kind}.` });
    if (job.attempt > job.attempts) {
      return this.#fail(job, handler, { reason: "Its workers ended without a word.", final: true });
    }
    using held = this.#hold(job);
    try {
      const effect = await handler.run(job, held.signal);
      if (effect === undefined) return;
      await store.write(async (transaction) => {
        if (!(await jobs.complete(transaction, job))) throw new LostJobError("The job went to another worker.");
        await effect(transaction);
      });
    } catch (error) {
      if (error instanceof LostJobError) return;
      if (!held.signal.aborted) this.#parts.report(error);
      await this.#fail(job, handler, { reason: error instanceof Error ? error.message : String(error) });
    }
  }

  async #fail(
    job: ClaimedJob,
    handler: JobHandler | undefined,
    { reason, final = false }: { readonly reason: string; readonly final?: boolean },
  ): Promise<void> {
    const { jobs, store, random, firstPause, longestPause } = this.#parts;
    const wait = Math.round(pauseAfter(job.attempt, { first: firstPause, limit: longestPause, random }));
    await store.write(async (transaction) => {
      const runAt = (await transaction.now()) + wait;
      const end = await jobs.fail(transaction, job, { reason, runAt, final });
      if (end === "dead") await handler?.dead?.(transaction, job, reason);
    });
  }

  /** Renews the hold on a job until disposed; the signal says that it was lost, or that there is no time left. */
  #hold(job: ClaimedJob): { readonly signal: AbortSignal } & Disposable {
    const { lease, timers } = this.#parts;
    const lost = new AbortController();
    let timer: Disposable | undefined;
    const renewLater = (): void => {
      timer = timers.after(lease / RENEWALS, () => void this.#renew(job, lost).then(() => timer && renewLater()));
    };
    renewLater();
    return {
      signal: AbortSignal.any([lost.signal, this.#cutOff.signal]),
      [Symbol.dispose]() {
        timer?.[Symbol.dispose]();
        timer = undefined;
      },
    };
  }

  async #renew(job: ClaimedJob, lost: AbortController): Promise<void> {
    try {
      if (!(await this.#parts.jobs.renew(job, this.#parts.lease))) lost.abort(new LostJobError("The lease ended."));
    } catch (error) {
      this.#parts.report(error);
    }
  }
}
