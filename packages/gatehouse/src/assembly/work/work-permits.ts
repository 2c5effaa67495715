import { OPERATOR_GRANT } from "../../console/operator.ts";
import type { Authorise, LimitPolicy } from "../../kernel/action.ts";
import type { Attempt, Principal } from "../../kernel/attempt.ts";
import type { Config } from "../../kernel/config.ts";
import { deny, type Denial } from "../../kernel/outcome.ts";
import type { OAuthResource } from "../../oauth/resource/oauth-resource.ts";
import { oauth } from "../../oauth/resource/requirement.ts";
import { stepUpDenial } from "../../oauth/resource/step-up.ts";
import { workProblems } from "../../work/problems.ts";
import { FRESH } from "../../work/review/policy.ts";
import type { WorkRules, WorkScope } from "../../work/rules.ts";
import type { ApplicationWork } from "./application-work.ts";

/** What rules are made from. */
export interface WorkPermitsParts {
  /** The REST interface, for which tokens have to be issued there. */
  readonly rest: OAuthResource<WorkScope>;
  /** The endpoint for MCP, likewise. */
  readonly mcp: OAuthResource<WorkScope>;
  readonly config: Config;
  readonly authorise: ApplicationWork["authorise"];
  /** Grants of the account of somebody who shows a token, as it is now. */
  readonly grantsOf: (tenant: string, account: string) => Promise<readonly string[]>;
}

/** Who may do what about work. */
export interface WorkPermits {
  readonly rules: WorkRules;
  /** Of the messages to the endpoint for MCP; what they call is asked about again. */
  readonly permitMessage: (scope: string | undefined) => Authorise<unknown>;
  /** The refusal of a message that needs a fresh sign-in. */
  readonly stepUpMessage: (attempt: Attempt) => Denial;
  readonly messageLimits: readonly LimitPolicy[];
}

/** What is for people alone. */
const REVIEW: WorkScope = "work:review";
/** What programs may that are not agents. */
const ADMIN: WorkScope = "work:admin";

/** Puts the rules together: scopes for programs, the application's word for people. */
export function createWorkPermits(parts: WorkPermitsParts): WorkPermits {
  const { rest, mcp, config } = parts;
  const permit: WorkRules["permit"] = (scope, operation) =>
    oauth({
      ...{ resource: rest, scopes: [scope], sessions: true },
      authorise: ({ principal, attempt }) => mayDo(parts, { scope, operation, principal, attempt }),
    });
  const { address, agent } = config.work.limits;
  const limits = (name: string): readonly LimitPolicy[] => [
    { name: `${name}.address`, by: ["ip"], rule: { kind: "window", ...address } },
    { name: `${name}.agent`, by: ["principal", "user"], rule: { kind: "window", ...agent } },
  ];
  return {
    rules: { permit, stepUp: (attempt) => stepUpOf(attempt, rest), limits: limits("work") },
    stepUpMessage: (attempt) => stepUpOf(attempt, mcp),
    permitMessage: (scope) => oauth({ resource: mcp, scopes: mcp.scopes.filter((known) => known === scope) }),
    messageLimits: limits("mcp"),
  };
}

/** Whoever shows a token is told which one to get instead (RFC 9470); whoever has a session, to sign in anew. */
function stepUpOf(attempt: Attempt, resource: OAuthResource<WorkScope>): Denial {
  if (!attempt.credentials.some(({ kind }) => kind === "bearer")) return deny(workProblems.REVIEW_NEEDS_STEP_UP);
  const authentication = { acrValues: ["aal2"], maxAge: FRESH / 1000 };
  return stepUpDenial({ resource, scopes: [REVIEW], authentication }, attempt);
}

interface Wanted {
  readonly scope: WorkScope;
  readonly operation: string;
  readonly principal: Principal;
  readonly attempt: Attempt;
}

async function mayDo(parts: WorkPermitsParts, { scope, operation, principal, attempt }: Wanted): Promise<boolean> {
  const { authorise = operatorsReview, grantsOf } = parts;
  if (principal.type === "system") return true;
  if (attempt.credentials.some(({ kind }) => kind === "session")) return authorise({ operation, scope, principal });
  // Whatever its token says: an agent approves nothing.
  if (principal.type === "agent") return scope !== REVIEW && scope !== ADMIN;
  if (scope !== REVIEW && scope !== ADMIN) return true;
  if (principal.type === "client") return scope === ADMIN;
  if (principal.type !== "user") return false;
  // A token gives nobody more than its person may.
  const grants = new Set(await grantsOf(principal.tenant, principal.id));
  return authorise({ operation, scope, principal: { ...principal, grants } });
}

const operatorsReview: NonNullable<ApplicationWork["authorise"]> = ({ scope, principal }) =>
  principal.grants.has(OPERATOR_GRANT) && (scope === REVIEW || scope === ADMIN || scope === "work:read");
