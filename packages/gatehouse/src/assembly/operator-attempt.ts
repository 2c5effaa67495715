import { OPERATOR_GRANT } from "../console/operator.ts";
import { SINGLE_TENANT, type Attempt } from "../kernel/attempt.ts";
import { internalAttempt } from "../kernel/internal-attempt.ts";
import type { Services } from "./application.ts";
import type { ControlRequest } from "./control-socket.ts";

/** An attempt of the system's operator: from the command line, over the job entrance, in whichever tenant is named. */
export function operatorAttempt(
  { ids, clock }: Pick<Services, "ids" | "clock">,
  { action, input, tenant = SINGLE_TENANT }: ControlRequest,
): Attempt {
  const grants = new Set([OPERATOR_GRANT]);
  const principal = { type: "system", id: "command-line", tenant, grants } as const;
  return {
    ...internalAttempt({ ids, clock }, { principal, action, tenant, input }),
    // Each command is an intent of its own, and some actions want it named.
    idempotencyKey: ids.next(),
  };
}
