import type { AnyAction } from "../../kernel/action.ts";
import { getAction } from "./get-action.ts";
import { listAction } from "./list-action.ts";
import { logsAction } from "./logs-action.ts";
import type { WorkReadingParts } from "./reading-parts.ts";
import { typesAction } from "./types-action.ts";

/** Looking at types, orders and what has happened to them. Nothing but what is meant to be shown leaves. */
export function createReadingActions(parts: WorkReadingParts): readonly AnyAction[] {
  return [typesAction(parts), listAction(parts), getAction(parts), logsAction(parts)];
}
