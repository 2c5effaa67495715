import type { Authorise } from "../kernel/action.ts";
import type { Principal } from "../kernel/attempt.ts";
import { deny } from "../kernel/outcome.ts";
import { workProblems } from "../work/problems.ts";
import type { ReviewRules } from "../work/review/policy.ts";
import type { WorkRules } from "../work/rules.ts";

const ALL = { by: ["principal"], rule: { kind: "window", limit: 1_000_000, window: 60_000 } } as const;
/** Scopes decide, and nothing else. */
export const scopeRules: WorkRules = {
  permit:
    (scope): Authorise<unknown> =>
    ({ principal }) =>
      principal.grants.has(scope),
  stepUp: () => deny(workProblems.REVIEW_NEEDS_STEP_UP),
  limits: [{ name: "work", ...ALL }],
};

/** Somebody with scopes. */
export function worker(id: string, scopes: readonly string[], more: Partial<Principal> = {}): Principal {
  const grants = new Set(scopes.map((scope) => `work:${scope}`));
  return { type: "agent", id, tenant: "acme", grants, ...more };
}

/** A program that proposes and works. */
export const AGENT = worker("agent", ["read", "propose", "execute"]);
/** Another one. */
export const OTHER_AGENT = worker("other-agent", ["read", "propose", "execute"]);
/** People who review. */
export const RITA = worker("rita", ["read", "review"], { type: "user" });
/** Another reviewer. */
export const SAM = worker("sam", ["read", "review"], { type: "user" });
/** Somebody who administers. */
export const ADA = worker("ada", ["read", "admin"], { type: "user" });

const HOUR = 3_600_000;
/** Who has to approve what, where a test says nothing else. */
export const REVIEW_RULES: ReviewRules = {
  low: { approvals: 1, stepUp: false, expires: 24 * HOUR },
  medium: { approvals: 1, stepUp: false, expires: 24 * HOUR },
  high: { approvals: 2, stepUp: true, expires: 2 * HOUR },
};
