import type { AnyAction } from "../../kernel/action.ts";
import type { InternalAttemptParts } from "../../kernel/internal-attempt.ts";
import { findAction } from "./find-action.ts";
import { proposeFoundAction, type PlannerParts } from "./propose-found.ts";

/** What planners attempt, and whoever has them look. */
export function createPlannerActions(parts: PlannerParts & InternalAttemptParts): readonly AnyAction[] {
  return [proposeFoundAction(parts), findAction(parts)];
}
