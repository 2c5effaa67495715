import type { ProtectedResource } from "../../identity/engine/configuration.ts";
import { defineResource, type OAuthResource } from "../../oauth/resource/oauth-resource.ts";
import { REST_PATH } from "../../work/rest/mounted-operations.ts";
import { WORK_SCOPES, type WorkScope } from "../../work/rules.ts";

/** Where the endpoint for the Model Context Protocol is. */
export const MCP_PATH = "/mcp";
/** Scopes that only clients have that an operator has given them to. */
const RESERVED: readonly WorkScope[] = ["work:review", "work:admin"];

/** The protected resources of work: a token for one is worth nothing at the other. */
export interface WorkResources {
  readonly rest: OAuthResource<WorkScope>;
  readonly mcp: OAuthResource<WorkScope>;
}

/** The resources, at the origin of each tenant. */
export function workResources(originOf: (tenant: string) => string): WorkResources {
  const resourceAt = (path: string, name: string): OAuthResource<WorkScope> =>
    defineResource({ resource: (tenant) => originOf(tenant) + path, scopes: WORK_SCOPES, name });
  return { rest: resourceAt(REST_PATH, "Work orders"), mcp: resourceAt(MCP_PATH, "Work orders for agents") };
}

/** The same for the identity provider, which issues tokens for them. */
export function issuedWorkResources(origin: string): readonly ProtectedResource[] {
  return [REST_PATH, MCP_PATH].map((path) => ({ resource: origin + path, scopes: WORK_SCOPES, reserved: RESERVED }));
}
