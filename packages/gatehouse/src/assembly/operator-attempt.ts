import { OPERATOR_GRANT } from "../console/operator.ts";
import { SINGLE_TENANT, type Attempt } from "../kernel/attempt.ts";
import type { Services } from "./application.ts";

const LOCAL = { ip: "127.0.0.1", tls: false };

/** An attempt of the system's operator: from the command line, over the job entrance. */
export function operatorAttempt(
  { ids, clock }: Pick<Services, "ids" | "clock">,
  action: string,
  input: unknown,
): Attempt {
  const grants = new Set([OPERATOR_GRANT]);
  const principal = { type: "system", id: "command-line", tenant: SINGLE_TENANT, grants } as const;
  return {
    id: ids.next(),
    entrance: "job",
    action,
    tenant: SINGLE_TENANT,
    receivedAt: clock.now(),
    peer: LOCAL,
    provenance: { kind: "internal" },
    credentials: [{ kind: "internal", principal }],
    input,
  };
}
