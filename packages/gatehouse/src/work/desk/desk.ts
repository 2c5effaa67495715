import type { AnyAction } from "../../kernel/action.ts";
import type { WorkReviewParts } from "../review/review-parts.ts";
import { countsAction } from "./counts-action.ts";
import { examineAction } from "./examine-action.ts";
import { revealPayloadsAction } from "./reveal-action.ts";
import { titlesAction } from "./titles-action.ts";

/** What reviewers look at at their desk. People look: how often agents may call does not hold for them. */
export function createDeskActions(parts: WorkReviewParts): readonly AnyAction[] {
  return [countsAction(parts), titlesAction(parts), examineAction(parts), revealPayloadsAction(parts)];
}
