import type { AnyAction } from "../../kernel/action.ts";
import type { ClaimedJob, JobHandler } from "../../kernel/ports/jobs.ts";
import type { Store, WriteTransaction } from "../../kernel/ports/store.ts";
import { applyDied, CARRY_OUT, carryOutAction } from "../apply/carry-out.ts";
import { createEffects } from "../apply/effects.ts";
import type { InternalAttemptParts } from "../../kernel/internal-attempt.ts";
import { attemptingHandler } from "../apply/worker-attempt.ts";
import { EXPIRE_PLAN, expirePlanAction, MAKE_PLAN, makePlanAction, previewDied } from "../plan/make-plan.ts";
import { createSubjectActions } from "../subject/actions.ts";
import { APPLY_JOB, EXPIRE_JOB, PREVIEW_JOB } from "../work-jobs.ts";
import { createDecisionActions } from "./decisions.ts";
import { createLookingActions } from "./looking.ts";
import { createPausingActions } from "./pausing.ts";
import { proposeAction } from "./propose.ts";
import type { WorkReviewParts } from "./review-parts.ts";
import { createSteeringActions } from "./steering.ts";

/** Everything that can be attempted about orders besides working on them, and what the server's own jobs attempt. */
export function createWorkReviewActions(parts: WorkReviewParts): readonly AnyAction[] {
  return [
    ...[proposeAction(parts), ...createLookingActions(parts), ...createDecisionActions(parts)],
    ...[...createSteeringActions(parts), ...createPausingActions(parts), ...createSubjectActions(parts)],
    ...[makePlanAction(parts), expirePlanAction(parts), carryOutAction(parts)],
  ];
}

/** What the jobs of reviews are done with. */
export interface WorkReviewJobsParts extends WorkReviewParts, InternalAttemptParts {
  readonly store: Store;
}

/** What does the jobs of the queue of work: making plans, ending them, carrying them out. */
export function createWorkJobHandlers(parts: WorkReviewJobsParts): readonly JobHandler[] {
  type Died = (
    parts: WorkReviewParts,
    transaction: WriteTransaction,
    order: { tenant: string; id: string },
  ) => Promise<void>;
  const dead = (died: Died) => ({
    // Only `work-jobs.ts` adds jobs of these kinds.
    dead: (transaction: WriteTransaction, { tenant, payload }: ClaimedJob) =>
      died(parts, transaction, { tenant, id: (payload as { readonly order: string }).order }),
  });
  return [
    attemptingHandler(parts, { kind: PREVIEW_JOB, action: MAKE_PLAN, ...dead(previewDied) }),
    attemptingHandler(parts, { kind: EXPIRE_JOB, action: EXPIRE_PLAN }),
    attemptingHandler(parts, { kind: APPLY_JOB, action: CARRY_OUT, ...dead(applyDied) }),
  ];
}

/** What works off the outbox of side effects. */
export function createWorkEffectHandlers(parts: WorkReviewJobsParts): readonly JobHandler[] {
  return [createEffects(parts)];
}
