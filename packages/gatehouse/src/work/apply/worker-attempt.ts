import type { Clock } from "../../kernel/clock.ts";
import type { Gate } from "../../kernel/gate.ts";
import type { Ids } from "../../kernel/ids.ts";
import type { JobHandler } from "../../kernel/ports/jobs.ts";
import { problems } from "../../kernel/problems.ts";
import { WORKER } from "../actors.ts";

/** What jobs attempt things with. */
export interface WorkerAttemptParts {
  readonly gate: () => Gate;
  readonly ids: Ids;
  readonly clock: Clock;
}

/** Does a kind of job by attempting an action, which ends the job in its own transaction. */
export function attemptingHandler(
  parts: WorkerAttemptParts,
  { kind, action, dead }: { readonly kind: string; readonly action: string } & Pick<JobHandler, "dead">,
): JobHandler {
  return {
    kind,
    async run({ id, epoch, tenant, payload }) {
      // Only `work-jobs.ts` adds jobs of these kinds.
      await attempt(parts, { action, tenant, input: { ...(payload as object), job: { id, epoch } } });
      return undefined;
    },
    ...(dead === undefined ? {} : { dead }),
  };
}

async function attempt(
  { gate, ids, clock }: WorkerAttemptParts,
  { action, tenant, input }: { readonly action: string; readonly tenant: string; readonly input: unknown },
): Promise<void> {
  const principal = { ...WORKER, tenant, grants: new Set<string>() };
  const outcome = await gate().attempt({
    ...{ id: ids.next(), entrance: "job", action, tenant, receivedAt: clock.now(), input },
    peer: { ip: "127.0.0.1", tls: false },
    provenance: { kind: "internal" },
    credentials: [{ kind: "internal", principal }],
  });
  // The job went to another worker, who does it.
  if (outcome.ok || outcome.problem === problems.STATE_CONFLICT) return;
  throw new Error(`${action} was denied: ${outcome.problem.code} ${outcome.detail ?? ""}`);
}
