import type { Authorise, LimitPolicy } from "../kernel/action.ts";
import type { Attempt, Entrance } from "../kernel/attempt.ts";
import type { Denial } from "../kernel/outcome.ts";

/** What tokens can be issued for. */
export const WORK_SCOPES = ["work:read", "work:propose", "work:execute", "work:review", "work:admin"] as const;
/** One of them. */
export type WorkScope = (typeof WORK_SCOPES)[number];

/** Where work is attempted: over REST, over MCP, and by the system itself, which is how the command line does. */
export const WORK_ENTRANCES: readonly Entrance[] = ["http", "mcp", "job"];

/** What all actions of work orders have in common: who may, and how often. Put together where tokens are known. */
export interface WorkRules {
  /** The rule of an operation that needs a scope: `permit("work:propose", "work.propose")`. */
  readonly permit: (scope: WorkScope, operation: string) => Authorise<unknown>;
  /** The refusal of a sign-in that is not fresh enough for an approval, with what to do about it. */
  readonly stepUp: (attempt: Attempt) => Denial;
  /** By address and by agent, over all of them. */
  readonly limits: readonly LimitPolicy[];
}
