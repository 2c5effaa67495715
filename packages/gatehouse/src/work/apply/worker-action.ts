import { z } from "zod";
import { defineAction, type AnyAction, type AuditDescription } from "../../kernel/action.ts";
import { deny, type Denial } from "../../kernel/outcome.ts";
import type { Jobs } from "../../kernel/ports/jobs.ts";
import type { WriteTransaction } from "../../kernel/ports/store.ts";
import { problems } from "../../kernel/problems.ts";
import { workerOnly } from "../actors.ts";

const Job = z.strictObject({ id: z.string(), epoch: z.int() });

/** An order that a job is about, in the hands of whoever has the job. */
export interface JobSubject {
  readonly tenant: string;
  readonly order: string;
  /** Of the plan, where it is about one. */
  readonly revision: number | undefined;
}

/** What a job does to an order. */
export interface WorkerAction<Done> {
  readonly name: string;
  readonly audit: AuditDescription<{ readonly order: string }, Done>;
  readonly run: (transaction: WriteTransaction, subject: JobSubject) => Promise<Done>;
}

/** Whatever changes data is an action, with its row in the audit trail, and ends its job in the same transaction. */
export function defineWorkerAction<Done>(
  { jobs }: { readonly jobs: Pick<Jobs, "complete"> },
  { name, audit, run }: WorkerAction<Done>,
): AnyAction {
  return defineAction({
    ...{ name, entrances: ["job"], effects: "store", authorise: workerOnly, idempotency: false, audit },
    input: z.strictObject({ order: z.string(), revision: z.int().optional(), job: Job }),
    run: async ({ attempt: { tenant }, input: { order, revision, job }, transaction }): Promise<Done | Denial> => {
      if (!(await jobs.complete(transaction, job)))
        return deny(problems.STATE_CONFLICT, { detail: "The job went to another worker." });
      return run(transaction, { tenant, order, revision });
    },
  });
}
