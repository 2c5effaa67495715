import type { AnyAction } from "../kernel/action.ts";
import type { Entrance } from "../kernel/attempt.ts";
import type { Guard, Passage } from "../kernel/guard.ts";
import type { Denial, Outcome } from "../kernel/outcome.ts";

/** One guard compiled for an action, for tests that take attempts through it alone. */
export interface GuardPassing {
  /** Whether the guard applies at all. */
  readonly applies: boolean;
  enter(passage: Passage): Promise<Denial | undefined>;
  leave(passage: Passage, outcome?: Outcome): Promise<void>;
}

/** Compiles a guard for an action at an entrance; leaving happens with a success unless told otherwise. */
export function passThrough(guard: Guard, action: AnyAction, entrance: Entrance = "http"): GuardPassing {
  const step = guard.compile(action, entrance);
  return {
    applies: step !== undefined,
    enter: async (passage) => step?.enter?.(passage),
    leave: async (passage, outcome = { ok: true, value: undefined, limits: [] }) => step?.leave?.(passage, outcome),
  };
}
