import type { Attempt } from "../kernel/attempt.ts";
import type { Outcome } from "../kernel/outcome.ts";
import type { ActorAddress } from "../kernel/ports/actors.ts";

/** Takes attempts at commands to where their actor runs, on this node or another. Never throws. */
export interface CommandDesk {
  perform(address: ActorAddress, attempt: Attempt): Promise<Outcome>;
}
