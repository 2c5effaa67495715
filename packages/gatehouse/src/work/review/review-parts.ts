import type { Attempt, Entrance, Principal } from "../../kernel/attempt.ts";
import type { Ids } from "../../kernel/ids.ts";
import type { KeyRing } from "../../kernel/key-ring.ts";
import type { Jobs } from "../../kernel/ports/jobs.ts";
import type { ReadTransaction } from "../../kernel/ports/store.ts";
import type { WorkMeasures } from "../../kernel/ports/work-measures.ts";
import type { WorkOrders } from "../../kernel/ports/work-orders.ts";
import type { WorkParts } from "../../kernel/ports/work-parts.ts";
import type { WorkPauses } from "../../kernel/ports/work-pauses.ts";
import type { WorkPlans } from "../../kernel/ports/work-plans.ts";
import type { WorkSubjectKeys } from "../../kernel/ports/work-subject-keys.ts";
import type { ApplyContext } from "../apply/apply-context.ts";
import type { WorkLimits } from "../order-type.ts";
import type { OrderTypes } from "../order-types.ts";
import type { WorkRules } from "../rules.ts";
import type { WorkPayloads } from "../subject/payloads.ts";
import type { ReviewerAuthentication, ReviewRules } from "./policy.ts";

/** What proposing, planning, reviewing and applying work with. */
export interface WorkReviewParts {
  readonly orders: WorkOrders;
  readonly plans: WorkPlans;
  readonly parts: Pick<WorkParts, "list" | "summaries">;
  readonly pauses: WorkPauses;
  readonly subjectKeys: WorkSubjectKeys;
  readonly payloads: WorkPayloads;
  readonly jobs: Pick<Jobs, "add" | "complete">;
  readonly types: OrderTypes;
  readonly ids: Ids;
  readonly keyRing: Pick<KeyRing, "fingerprint">;
  readonly applyContext: ApplyContext;
  /** Who may, and how often. */
  readonly rules: WorkRules;
  readonly entrances: readonly Entrance[];
  readonly measures?: Pick<WorkMeasures, "waited">;
  /** Rules of review for types that have none of their own. */
  readonly reviewRules: ReviewRules;
  /** For types that have none of their own. */
  readonly limits: Required<Pick<WorkLimits, "items" | "attempts">>;
  /** How whoever attempts something has signed in. */
  readonly authenticationOf: (
    transaction: ReadTransaction,
    who: { readonly principal: Principal; readonly attempt: Attempt },
  ) => Promise<ReviewerAuthentication>;
}
