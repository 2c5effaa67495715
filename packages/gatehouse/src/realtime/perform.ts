import type { Attempt } from "../kernel/attempt.ts";
import type { Outcome } from "../kernel/outcome.ts";
import type { ActorAddress } from "../kernel/ports/actors.ts";

/** Takes attempts at commands to where their actor runs, on this node or another. Never throws. */
export interface CommandDesk {
  perform(address: ActorAddress, attempt: Attempt): Promise<Outcome>;
}

/** The actor is another node's. */
export interface Moved {
  readonly moved: string;
}

/** Runs the actors of this node. Never throws. */
export interface ActorWorker {
  /** Takes an attempt at a command through the gate, in a turn of its actor, which is claimed where nobody owns it. */
  perform(address: ActorAddress, attempt: Attempt): Promise<Outcome | Moved>;
}
