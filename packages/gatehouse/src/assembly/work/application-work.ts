import type { Principal } from "../../kernel/attempt.ts";
import type { TokenIssuer } from "../../oauth/resource/token-issuer.ts";
import type { McpTool } from "../../work/mcp/tool.ts";
import type { AnyOrderType } from "../../work/order-type.ts";
import type { Planner } from "../../work/planners/planner.ts";
import type { WorkReviewParts } from "../../work/review/review-parts.ts";
import type { WorkScope } from "../../work/rules.ts";

/** What a person wants to do. */
export interface WorkRequest {
  /** The action: `work.approve`, `work.list` ... */
  readonly operation: string;
  readonly scope: WorkScope;
  /** With the grants of their account. */
  readonly principal: Principal;
}

/** What an application says about work orders. */
export interface ApplicationWork {
  readonly types: readonly AnyOrderType[];
  /** Who finds work by itself, of these types. */
  readonly planners?: readonly Planner[];
  /**
   * What people may, who are signed in with a session or review with a token of their own. Programs may what the scopes of
   * their tokens say. Default: operators may review and administer, nobody else.
   */
  readonly authorise?: (request: WorkRequest) => boolean | Promise<boolean>;
  /** Others whose access tokens count, besides the identity provider of the server. */
  readonly issuers?: readonly TokenIssuer[];
  /** How somebody has signed in who reviews. Default: what is known of sessions of this server. */
  readonly authenticationOf?: WorkReviewParts["authenticationOf"];
  /** Where people review an order, as agents are told. Default: in the console. */
  readonly reviewAddress?: (tenant: string, order: string) => string;
  /** Tools over MCP besides those of work orders. */
  readonly tools?: readonly McpTool[];
}
