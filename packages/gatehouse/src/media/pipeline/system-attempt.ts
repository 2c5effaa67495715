import type { Clock } from "../../kernel/clock.ts";
import type { Gate } from "../../kernel/gate.ts";
import type { Ids } from "../../kernel/ids.ts";
import { problems } from "../../kernel/problems.ts";
import { PIPELINE } from "./announcements.ts";

/** What the pipeline attempts things with. */
export interface SystemAttemptParts {
  readonly gate: () => Gate;
  readonly ids: Ids;
  readonly clock: Clock;
}

/**
 * Attempts an action in the pipeline's own name. `false` where the file went on without it.
 * @throws where it was denied for any other reason: the job is to be tried again.
 */
export async function attemptAsPipeline(
  { gate, ids, clock }: SystemAttemptParts,
  { action, tenant, input }: { readonly action: string; readonly tenant: string; readonly input: unknown },
): Promise<boolean> {
  const principal = { ...PIPELINE, tenant, grants: new Set<string>() };
  const outcome = await gate().attempt({
    ...{ id: ids.next(), entrance: "job", action, tenant, receivedAt: clock.now(), input },
    peer: { ip: "127.0.0.1", tls: false },
    provenance: { kind: "internal" },
    credentials: [{ kind: "internal", principal }],
  });
  if (outcome.ok) return true;
  if (outcome.problem === problems.STATE_CONFLICT) return false;
  throw new Error(`${action} was denied: ${outcome.problem.code} ${outcome.detail ?? ""}`);
}
