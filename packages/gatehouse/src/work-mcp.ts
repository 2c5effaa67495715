export { openMcp } from "./work/adapters/mcp.ts";
export type { Mcp, McpOptions } from "./work/adapters/mcp.ts";
export type { McpServerParts } from "./work/adapters/mcp-server.ts";
export { actionTool, attemptAction, jsonSchemaOf, refusedResult, resultOf } from "./work/mcp/action-tool.ts";
export type { ActionToolDefinition, ActionToolParts, McpErrand } from "./work/mcp/action-tool.ts";
export { mcpEvents } from "./work/mcp/events.ts";
export { McpFault } from "./work/mcp/fault.ts";
export type { McpTask, McpTaskKind, McpTaskState } from "./work/mcp/task.ts";
export type { JsonObject, McpAnnotations, McpAnswer, McpCall, McpCaller, McpTool } from "./work/mcp/tool.ts";
