import type { WorkActor, WorkRisk } from "../../kernel/ports/work-orders.ts";
import type { WorkPlan, WorkReview } from "../../kernel/ports/work-plans.ts";
import { AUTO_APPROVAL } from "../actors.ts";
import type { AnyOrderType, ReviewRule } from "../order-type.ts";

/** Rules by risk, for types that have none of their own. */
export type ReviewRules = Readonly<Record<WorkRisk, ReviewRule>>;

/** How somebody has signed in who reviews. */
export interface ReviewerAuthentication {
  /** Epoch milliseconds of the newest sign-in; `undefined` where it is not known. */
  readonly at: number | undefined;
  readonly secondFactor: boolean;
}

/** What has to be so before a plan of an order may be applied. */
export function ruleOf(rules: ReviewRules, type: Pick<AnyOrderType, "review">, risk: WorkRisk): ReviewRule {
  return type.review?.[risk] ?? rules[risk];
}

/** Milliseconds for which a sign-in is fresh. */
export const FRESH = 10 * 60_000;

/** Whether a reviewer has signed in freshly enough, and with a second factor. */
export function isSteppedUp({ at, secondFactor }: ReviewerAuthentication, now: number): boolean {
  return secondFactor && at !== undefined && now - at <= FRESH;
}

/**
 * Whether somebody is neither one of those nor acts for one of them, nor one of them for them. Kinds of principals are
 * not told apart: whoever is named alike is taken for the same.
 */
export function isIndependent(reviewer: WorkActor, others: readonly WorkActor[]): boolean {
  const names = new Set(namesOf(reviewer));
  return !others.some((other) => namesOf(other).some((name) => names.has(name)));
}

/** Approvals of a plan that count: of its very digest, not voided, not too old, one a person. */
export function standingApprovals(
  plan: Pick<WorkPlan, "revision" | "digest" | "voidedBecause">,
  { reviews, rule, now }: { readonly reviews: readonly WorkReview[]; readonly rule: ReviewRule; readonly now: number },
): readonly WorkReview[] {
  const standing: WorkReview[] = [];
  if (plan.voidedBecause !== undefined) return standing;
  for (const review of reviews) {
    const { decision, voided, revision, digest, at, reviewer } = review;
    if (decision !== "approve" || voided || revision !== plan.revision || digest !== plan.digest) continue;
    if (at + rule.expires <= now) continue;
    if (
      isIndependent(
        reviewer,
        standing.map((other) => other.reviewer),
      )
    )
      standing.push(review);
  }
  return standing;
}

/** Whether a plan may be applied: as many people have approved it as have to, or the rule of its type has. */
export function isApproved(standing: readonly WorkReview[], rule: ReviewRule): boolean {
  const byRule = standing.some(
    ({ reviewer }) => reviewer.type === AUTO_APPROVAL.type && reviewer.id === AUTO_APPROVAL.id,
  );
  return byRule || standing.length >= rule.approvals;
}

function namesOf({ id, onBehalfOf }: WorkActor): readonly string[] {
  return onBehalfOf === undefined ? [id] : [id, onBehalfOf];
}
