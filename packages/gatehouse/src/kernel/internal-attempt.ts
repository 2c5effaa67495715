import type { Attempt, Principal } from "./attempt.ts";
import type { Clock } from "./clock.ts";
import type { Gate } from "./gate.ts";
import type { Ids } from "./ids.ts";
import { problems } from "./problems.ts";

/** What the system itself is to do, and in whose name. */
export interface InternalAttempt extends Pick<Attempt, "action" | "tenant" | "input"> {
  readonly principal: Principal;
}

/** What the system's own attempts are made with. */
export interface InternalAttemptParts {
  readonly gate: () => Gate;
  readonly ids: Ids;
  readonly clock: Clock;
}

/** An attempt of the system itself, over the job entrance. */
export function internalAttempt(
  { ids, clock }: Pick<InternalAttemptParts, "ids" | "clock">,
  { principal, action, tenant, input }: InternalAttempt,
): Attempt {
  return {
    ...{ id: ids.next(), entrance: "job", action, tenant, receivedAt: clock.now(), input },
    peer: { ip: "127.0.0.1", tls: false },
    provenance: { kind: "internal" },
    credentials: [{ kind: "internal", principal }],
  };
}

/**
 * Has a job's action attempted in the name of one of the system's own workers. `false` where what it is about has gone
 * on without it.
 * @throws where it was denied for any other reason: the job is to be tried again.
 */
export async function attemptAsWorker(
  parts: InternalAttemptParts,
  worker: Pick<Principal, "type" | "id">,
  wanted: Omit<InternalAttempt, "principal">,
): Promise<boolean> {
  const principal = { ...worker, tenant: wanted.tenant, grants: new Set<string>() };
  const outcome = await parts.gate().attempt(internalAttempt(parts, { ...wanted, principal }));
  if (outcome.ok) return true;
  if (outcome.problem === problems.STATE_CONFLICT) return false;
  throw new Error(`${wanted.action} was denied: ${outcome.problem.code} ${outcome.detail ?? ""}`);
}
