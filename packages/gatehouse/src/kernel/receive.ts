import type { Attempt } from "./attempt.ts";
import type { Denial } from "./outcome.ts";

/** An attempt whose body has arrived; `denial` says what is wrong with it, where something is. */
export interface Received {
  readonly attempt: Attempt;
  readonly denial?: Denial;
}

/**
 * Receives the rest of an attempt that was begun by the head of its request: the same attempt with its input, or a
 * denial where there is none to be had. Called once, when the attempt has been admitted.
 */
export type Receive = () => Promise<Received | Denial>;
