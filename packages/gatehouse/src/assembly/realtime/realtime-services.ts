import type { Principal } from "../../kernel/attempt.ts";
import type { Outcome } from "../../kernel/outcome.ts";
import type { ActorAddress } from "../../kernel/ports/actors.ts";
import type { ServerAttempt } from "../../realtime/actor/actors.ts";

/** What the server's own code does with actors. */
export interface RealtimeServices {
  /**
   * Has an actor do something, wherever it runs: one of its commands, `emit`, `close` or `kick`. Under an idempotency key
   * it is done once, however often it is tried.
   */
  perform(address: ActorAddress, attempt: ServerAttempt): Promise<Outcome>;
  /** What an actor shows somebody of its state, for pages that are rendered here: a `StateResult`. The actor need not run. */
  state(address: ActorAddress, principal: Principal): Promise<Outcome>;
}
