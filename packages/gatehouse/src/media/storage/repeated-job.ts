import type { JobHandler, Jobs, NewJob } from "../../kernel/ports/jobs.ts";
import type { WriteTransaction } from "../../kernel/ports/store.ts";

/** The queue of what looks after targets, apart from transfers so that it never waits for them. */
export const HEALTH_QUEUE = "media-storage-health";

/** A job that is done again and again, by one server at a time. */
export interface RepeatedJob {
  readonly queue: string;
  readonly kind: string;
  /** Milliseconds from the end of one to the start of the next. */
  readonly every: number;
}

/** What a repeated job does: it resolves to what runs in the transaction that plans the next. */
export type RepeatedWork = (signal: AbortSignal) => Promise<(transaction: WriteTransaction) => Promise<void>>;

/** A handler of a job that plans itself anew, also when it fails: one attempt each. */
export function repeated(
  jobs: Jobs,
  { queue, kind, every }: RepeatedJob,
  work: RepeatedWork,
): JobHandler & RepeatedJob {
  const again = async (transaction: WriteTransaction): Promise<void> => {
    await jobs.add(transaction, repeatedJob({ queue, kind }, (await transaction.now()) + every));
  };
  return {
    ...{ queue, kind, every },
    async run(_job, signal) {
      const effect = await work(signal);
      return async (transaction) => {
        await effect(transaction);
        await again(transaction);
      };
    },
    dead: again,
  };
}

/** Plans a repeated job where it is not planned already. */
export function repeatedJob({ queue, kind }: Pick<RepeatedJob, "queue" | "kind">, runAt?: number): NewJob {
  const job = { queue, kind, tenant: "-", key: kind, payload: {}, attempts: 1 };
  return runAt === undefined ? job : { ...job, runAt };
}
