import type { AnyAction } from "./action.ts";
import { anonymousPrincipal, type Attempt } from "./attempt.ts";
import type { CompiledStep, Passage } from "./guard.ts";
import type { Receive } from "./receive.ts";

/** An action at an entrance, and the steps that lead there. */
export interface Route {
  readonly action: AnyAction;
  readonly steps: readonly CompiledStep[];
  /** Where an attempt goes on whose body has named it. That route begins with the steps of this one. */
  readonly onward?: (attempt: Attempt) => Route;
}

/** An attempt on its way, and what brings the rest of it where only its head has arrived. */
export interface Passenger {
  readonly attempt: Attempt;
  readonly receive?: Receive | undefined;
}

/** A passage as the pipeline sees it: what is attempted may become known on the way. */
export interface OpenPassage extends Passage {
  attempt: Attempt;
  action: AnyAction;
}

/** The passage of an attempt that has entered no guard yet. */
export function openPassage(attempt: Attempt, action: AnyAction): OpenPassage {
  return {
    attempt,
    action,
    principal: anonymousPrincipal(attempt.tenant),
    idempotencyKey: keyOf(attempt),
    input: attempt.input,
    limits: [],
    idempotency: undefined,
    stepKey: (step) => `${attempt.id}-${step}`,
    events: [],
  };
}

/** Puts an attempt whose body has been received in the place of the one that was begun. */
export function fillPassage(passage: OpenPassage, attempt: Attempt, action: AnyAction): void {
  passage.attempt = attempt;
  passage.action = action;
  passage.idempotencyKey = keyOf(attempt);
  passage.input = attempt.input;
}

/** What came with a signed message counts once its signature has been looked at. */
function keyOf({ provenance, idempotencyKey }: Attempt): string | undefined {
  return provenance.kind === "signed" ? undefined : idempotencyKey;
}
