import { BootRefusedError } from "../../kernel/gate.ts";
import type { AnyAction } from "../../kernel/action.ts";
import type { Denial } from "../../kernel/outcome.ts";
import { workResources } from "../../work/mcp/resources.ts";
import { createWorkTools, WORK_INSTRUCTIONS } from "../../work/mcp/work-tools.ts";
import type { WorkReviewParts } from "../../work/review/review-parts.ts";
import { createNeedsStepUp, type Approving } from "../../work/review/step-up.ts";
import type { Services } from "../application.ts";
import type { ApplicationWork } from "./application-work.ts";
import type { WorkOptions } from "./work-options.ts";
import type { WorkPermits } from "./work-permits.ts";
import { MCP_PATH } from "./work-resources.ts";

/** What the tools call, and by whose leave. */
export interface McpParts {
  readonly application: ApplicationWork;
  readonly permits: WorkPermits;
  readonly parts: WorkReviewParts;
  readonly actions: readonly AnyAction[];
}

/** Opens the endpoint for agents that speak MCP, unless it is switched off. */
export async function mountMcp({ services, originOf, report }: WorkOptions, mounted: McpParts) {
  const { application, permits, actions, parts } = mounted;
  const { config } = services;
  if (!config.work.mcp) return undefined;
  const { openMcp } = await loadMcp();
  const needsStepUp = createNeedsStepUp(parts);
  const refuseStale = async (approving: Approving): Promise<Denial | undefined> =>
    (await needsStepUp(approving)) ? permits.stepUpMessage(approving.attempt) : undefined;
  const reviewAddress = application.reviewAddress ?? consoleAddress(services, originOf);
  return openMcp({
    ...{ ...services, report, path: MCP_PATH, name: "gatehouse", version: "1", instructions: WORK_INSTRUCTIONS },
    resources: workResources(services),
    tools: [...createWorkTools({ ...services, actions, reviewAddress, refuseStale }), ...(application.tools ?? [])],
    ...{ permit: permits.permitMessage, limits: permits.messageLimits },
    trustedOrigins: config.cors.origins.filter((origin) => origin !== "*"),
  });
}

function consoleAddress({ config }: Services, originOf: (tenant: string) => string) {
  return (tenant: string, order: string): string | undefined =>
    config.console.enabled ? `${originOf(tenant)}/console/work/${order}` : undefined;
}

/** The library that speaks the protocol is optional, so it is loaded where it is wanted. */
async function loadMcp(): Promise<typeof import("../../work/adapters/mcp.ts")> {
  try {
    return await import("../../work/adapters/mcp.ts");
  } catch (error) {
    const missing = error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND";
    if (!missing) throw error;
    throw new BootRefusedError([
      "work.mcp: the package @modelcontextprotocol/server is not installed. Install it, or set work.mcp to false.",
    ]);
  }
}
