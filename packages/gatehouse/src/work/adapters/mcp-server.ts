import {
  CLIENT_CAPABILITIES_META_KEY,
  CLIENT_INFO_META_KEY,
  MissingRequiredClientCapabilityError,
  Server,
  type CallToolRequest,
  type CallToolResult,
  type InputRequiredResult,
  type JSONRPCRequest,
  type ListResourceTemplatesResult,
  type ListToolsResult,
  type Result,
  type ServerContext,
} from "@modelcontextprotocol/server";
import { z } from "zod";
import { programText } from "../../http/calling-program.ts";
import type { CallingProgram } from "../../kernel/attempt.ts";
import { faultOf, INVALID_PARAMETERS, McpFault } from "../mcp/fault.ts";
import type { McpResources } from "../mcp/resources.ts";
import type { RequestStates } from "../mcp/request-states.ts";
import { knowsTasks, TASKS_EXTENSION } from "../mcp/task.ts";
import type { McpTaskDesk } from "../mcp/tasks.ts";
import type { JsonObject, McpCaller } from "../mcp/caller.ts";
import { describeTool, type McpAnswer, type McpCall, type McpTool, type McpTools } from "../mcp/tool.ts";

/** What servers are made from, one for each request. */
export interface McpServerParts {
  readonly name: string;
  readonly version: string;
  /** What models are told of the endpoint as a whole. */
  readonly instructions?: string | undefined;
  readonly tools: McpTools;
  readonly desk: McpTaskDesk;
  readonly states: RequestStates;
  /** Told of a list of tools that somebody was given. */
  readonly listed: (caller: McpCaller, tools: readonly JsonObject[]) => void;
  readonly resources?: McpResources | undefined;
  /** Adds what tools are not: prompts, and resources in place of those above. Whatever it adds answers everybody who has a token for the endpoint. */
  readonly extend?: ((server: Server, caller: McpCaller) => void) | undefined;
}

/** The request that a server is made for. */
export interface ServedRequest {
  readonly caller: McpCaller;
  readonly era: "legacy" | "modern";
}

/** Milliseconds for which a client may keep what it was told of the endpoint. */
const KEEP = 300_000;
const HINT = { ttlMs: KEEP, cacheScope: "private" } as const;
const Followed = z.object({ taskId: z.string().max(200) });

/** The server of one request: what it lists and calls is what its caller may. */
export function createMcpServer(parts: McpServerParts, { caller, era }: ServedRequest): Server {
  const { name, version, instructions, tools, listed } = parts;
  const server = new TaskAwareServer(
    { name, version },
    {
      capabilities: { tools: {}, ...(era === "modern" ? { extensions: { [TASKS_EXTENSION]: {} } } : {}) },
      cacheHints: { "tools/list": HINT, "server/discover": HINT },
      ...(instructions === undefined ? {} : { instructions }),
    },
  );
  server.setRequestHandler("tools/list", () => {
    const told = tools.for(caller.principal).map(describeTool);
    listed(caller, told);
    // They are made of schemas that can tell their JSON Schema, whose root is an object.
    return { tools: told } as unknown as ListToolsResult;
  });
  server.setRequestHandler("tools/call", (request, context) =>
    callTool({ ...parts, server, caller }, request, context),
  );
  if (era === "modern") serveTasks(server, parts.desk, caller);
  if (parts.resources !== undefined) serveResources(server, parts.resources, caller);
  parts.extend?.(server, caller);
  return server;
}

type Wrapped = (request: JSONRPCRequest, context: ServerContext) => Promise<Result>;

/** The library checks results of tools as such, and would give the result that begins a task content of its own. */
class TaskAwareServer extends Server {
  protected override _wrapHandler(method: string, handler: Wrapped): Wrapped {
    if (method !== "tools/call") return super._wrapHandler(method, handler);
    return async (request, context) => {
      let begun: Result | undefined;
      const noting: Wrapped = async (given, within) => {
        const result = await handler(given, within);
        if (result["resultType"] === "task") begun = result;
        return result;
      };
      const result = await super._wrapHandler(method, noting)(request, context);
      return begun ?? result;
    };
  }
}

interface Calling extends McpServerParts {
  readonly server: Server;
  readonly caller: McpCaller;
}

async function callTool(
  { server, tools, caller, states, desk }: Calling,
  { params }: CallToolRequest,
  context: ServerContext,
): Promise<CallToolResult | InputRequiredResult> {
  const tool = tools.find(params.name);
  const may = tool !== undefined && tools.for(caller.principal).includes(tool);
  if (!may) throw new McpFault(INVALID_PARAMETERS, "There is no such tool.");
  const capabilities = capabilitiesOf(server, context);
  const tasks = tool.task !== undefined && knowsTasks(capabilities);
  if (tool.needsTasks === true && !tasks) throw tasksMissing();
  const given = params.arguments ?? {};
  const stated = { ...caller, method: "tools/call", name: tool.name, arguments: given };
  const answer = await tool.call({
    ...{ ...caller, program: programOf(caller.program, server, context), arguments: given, capabilities, tasks },
    inputs: context.mcpReq.inputResponses,
    state: await redeem(states, stated, context.mcpReq.requestState<string>()),
    ...tellingOf(context),
  });
  return renderAnswer(answer, { tool, server, caller, desk, mint: (value) => states.mint(stated, value) });
}

type Stated = Parameters<RequestStates["mint"]>[0];

async function redeem(states: RequestStates, stated: Stated, text: string | undefined): Promise<unknown> {
  if (text === undefined) return undefined;
  try {
    return await states.redeem(stated, text);
  } catch {
    // Which of the reasons it was is nobody's business who made it up.
    throw new McpFault(INVALID_PARAMETERS, "Invalid or expired requestState", { reason: "invalid_request_state" });
  }
}

interface Rendering {
  readonly tool: McpTool;
  readonly server: Server;
  readonly caller: McpCaller;
  readonly desk: McpTaskDesk;
  readonly mint: (value: unknown) => string;
}

async function renderAnswer(
  answer: McpAnswer,
  { tool, server, caller, desk, mint }: Rendering,
): Promise<CallToolResult | InputRequiredResult> {
  switch (answer.kind) {
    case "result": {
      const { content, structured, refused = false } = answer;
      const structuredContent = structured === undefined ? {} : { structuredContent: structured };
      const result = { content, ...structuredContent, ...(refused ? { isError: true } : {}) };
      // The library checks the blocks of content when it sends them.
      return server.projectCallToolResult(result as unknown as CallToolResult, tool.output);
    }
    case "input": {
      const { requests, state } = answer;
      const asked = requests === undefined ? {} : { inputRequests: requests };
      const handedOut = state === undefined ? {} : { requestState: mint(state) };
      // The library checks the questions when it sends them.
      return { resultType: "input_required", ...asked, ...handedOut } as InputRequiredResult;
    }
    case "task":
      // What begins a task is a result of its own kind, which the types of the library do not know.
      return (await desk.begin(caller, tool, answer.reference)) as unknown as CallToolResult;
  }
}

function tellingOf(context: ServerContext): Pick<McpCall, "progress" | "log"> {
  const { _meta, notify, log } = context.mcpReq;
  const progressToken = _meta?.progressToken;
  return {
    async progress(progress, total) {
      if (progressToken === undefined) return;
      await notify({ method: "notifications/progress", params: { progressToken, progress, total } });
    },
    log: (level, data) => log(level, data),
  };
}

function serveResources(server: Server, { templates, read }: McpResources, caller: McpCaller): void {
  server.registerCapabilities({ resources: {} });
  server.setRequestHandler("resources/list", () => ({ ...HINT, resources: [] }));
  server.setRequestHandler("resources/templates/list", () => ({
    ...HINT,
    // They are written out, each with what the protocol asks of one.
    resourceTemplates: templates as unknown as ListResourceTemplatesResult["resourceTemplates"],
  }));
  server.setRequestHandler("resources/read", async ({ params: { uri } }) => {
    const outcome = await read(uri, caller);
    if (!outcome.ok) {
      const { message, data } = faultOf(outcome);
      throw new McpFault(INVALID_PARAMETERS, message, { ...data, uri });
    }
    return { contents: [{ uri, mimeType: "application/json", text: JSON.stringify(outcome.value) }] };
  });
}

function serveTasks(server: Server, desk: McpTaskDesk, caller: McpCaller): void {
  const serve = (method: string, work: (task: string, context: ServerContext) => Promise<JsonObject>): void =>
    server.setRequestHandler(method, { params: Followed }, async ({ taskId }, context): Promise<Result> => {
      if (!knowsTasks(capabilitiesOf(server, context))) throw tasksMissing();
      return { ...(await work(taskId, context)) };
    });
  serve("tasks/get", (task) => desk.look(caller, task));
  serve("tasks/cancel", (task) => desk.cancel(caller, task));
  serve("tasks/update", (task, { mcpReq }) => desk.answer(caller, task, mcpReq.inputResponses ?? {}));
}

function tasksMissing(): MissingRequiredClientCapabilityError {
  return new MissingRequiredClientCapabilityError({ requiredCapabilities: { extensions: { [TASKS_EXTENSION]: {} } } });
}

/** What the client has said it can do: with this request, or before, where the protocol has it said once. */
function capabilitiesOf(server: Server, context: ServerContext): JsonObject {
  const envelope: JsonObject = context.mcpReq.envelope ?? {};
  const told: unknown = envelope[CLIENT_CAPABILITIES_META_KEY] ?? server.getClientCapabilities();
  return typeof told === "object" && told !== null ? { ...told } : {};
}

const ClientInfo = z.object({ name: z.string(), version: z.string() });

/** The headers count first; then what the protocol has clients say of themselves. */
function programOf(said: CallingProgram, server: Server, context: ServerContext): CallingProgram {
  const envelope: JsonObject = context.mcpReq.envelope ?? {};
  const info = ClientInfo.safeParse(envelope[CLIENT_INFO_META_KEY] ?? server.getClientVersion());
  if (!info.success) return said;
  return { agent: programText(info.data.name), agentVersion: programText(info.data.version), ...said };
}
