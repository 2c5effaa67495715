import type { Hono } from "hono";
import type { AnyAction } from "../../kernel/action.ts";
import type { EventStream } from "../../kernel/event-stream.ts";
import type { Ids } from "../../kernel/ids.ts";
import { createMcpEntrance, type McpEntranceParts } from "../mcp/routes.ts";
import { RequestStates, type RequestStatesParts } from "../mcp/request-states.ts";
import { McpTaskDesk, type McpTaskDeskParts } from "../mcp/tasks.ts";
import { announceTools, noteListed } from "../mcp/tool-list.ts";
import { McpTools, type McpTool } from "../mcp/tool.ts";
import { createMcpEndpoint } from "./mcp-endpoint.ts";
import type { McpServerParts } from "./mcp-server.ts";

/** What an endpoint is opened with; the services of an application have most of it. */
export interface McpOptions
  extends
    RequestStatesParts,
    McpTaskDeskParts,
    Pick<McpEntranceParts, "edge" | "path" | "permit" | "limits" | "trustedOrigins">,
    Pick<McpServerParts, "name" | "version" | "instructions" | "resources" | "extend"> {
  readonly ids: Ids;
  readonly events: EventStream;
  readonly tools: readonly McpTool[];
  readonly report?: (error: unknown) => void;
}

/** An opened endpoint: give its actions to the gate, and mount its routes. */
export interface Mcp extends AsyncDisposable {
  readonly actions: readonly AnyAction[];
  readonly routes: Hono;
}

/**
 * Serves tools to clients of the Model Context Protocol: streamable HTTP without sessions, in the versions of 2026 and
 * of 2025. Tools that `actionTool` has made go through the gate as everything else does.
 * @throws {TypeError} for names of tools that are malformed or taken.
 */
export function openMcp(options: McpOptions): Mcp {
  const tools = new McpTools(options.tools);
  const { report = () => undefined } = options;
  const endpoint = createMcpEndpoint({
    ...{ ...options, tools, report, stopping: options.edge.stopping },
    desk: new McpTaskDesk(options, tools),
    states: new RequestStates(options),
    listed: (caller, told) => noteListed(options, caller, told),
  });
  const { actions, routes } = createMcpEntrance({ ...options, tools, answer: endpoint.answer });
  announceTools(options, tools);
  return { actions, routes, [Symbol.asyncDispose]: () => endpoint[Symbol.asyncDispose]() };
}
