import type { JobHandler } from "../../kernel/ports/jobs.ts";
import type { DueTransfer } from "../../kernel/ports/stored-files.ts";
import { HEALTH_QUEUE, repeated, type RepeatedJob } from "./repeated-job.ts";
import { areHalted, transferJob, type TransferParts } from "./transfers.ts";

/** Milliseconds between looks for files whose time has come. */
const INTERVAL = 60_000;
/** Files of each kind that are planned at a look. */
const AT_ONCE = 200;
/** Milliseconds after which a file is planned again whose transfer has not come about. */
const PAUSE = 10 * 60_000;

/** Plans transfers that have become due. While a breaker is open, nothing but removals is planned. */
export function createPlanner(
  parts: Pick<TransferParts, "jobs" | "files" | "log" | "hot" | "archive">,
): JobHandler & RepeatedJob {
  const { jobs, files } = parts;
  return repeated(
    jobs,
    { queue: HEALTH_QUEUE, kind: "PlanTransfers", every: INTERVAL },
    async () => async (transaction) => {
      const halted = await areHalted(parts, transaction);
      const transfers: readonly DueTransfer[] = halted ? ["remove"] : ["copy", "evict", "remove"];
      for (const transfer of transfers) {
        const due = await files.due(transaction, { transfer, limit: AT_ONCE, pause: PAUSE });
        for (const { key } of due) await jobs.add(transaction, transferJob(transfer, key));
      }
    },
  );
}
