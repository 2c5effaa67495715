import { attemptAsWorker, type InternalAttemptParts } from "../../kernel/internal-attempt.ts";
import type { JobHandler } from "../../kernel/ports/jobs.ts";
import { WORKER } from "../actors.ts";

/** Does a kind of job by attempting an action, which ends the job in its own transaction. */
export function attemptingHandler(
  parts: InternalAttemptParts,
  { kind, action, dead }: { readonly kind: string; readonly action: string } & Pick<JobHandler, "dead">,
): JobHandler {
  return {
    kind,
    async run({ id, epoch, tenant, payload }) {
      // Only `work-jobs.ts` adds jobs of these kinds. Where the job went to another worker, that one does it.
      await attemptAsWorker(parts, WORKER, { action, tenant, input: { ...(payload as object), job: { id, epoch } } });
      return undefined;
    },
    ...(dead === undefined ? {} : { dead }),
  };
}
