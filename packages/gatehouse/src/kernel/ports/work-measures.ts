/** What an order waits for: an agent, a reviewer, and its changes once it is approved. */
export type WorkWait = "first_claim" | "decision" | "application";

/** Receives what has become of work once that is durable. Nothing depends on it. */
export interface WorkMeasures {
  /** How many milliseconds it took. */
  waited(until: WorkWait, milliseconds: number): void;
  /** A lease on an item of a type has run out; `exhausted`: it was the last attempt. */
  expired(type: string, exhausted: boolean): void;
}
