import { createHash } from "node:crypto";
import type { Clock } from "../../kernel/clock.ts";
import { base64url, canonicalJson } from "../../kernel/codec.ts";
import type { EventStream } from "../../kernel/event-stream.ts";
import type { EventDefinition, SecurityEvent } from "../../kernel/event.ts";
import type { Ids } from "../../kernel/ids.ts";
import { mcpEvents } from "./events.ts";
import type { JsonObject, McpCaller } from "./caller.ts";
import { describeTool, type McpTools } from "./tool.ts";

/** What announcements are made with. */
export interface ToolListParts {
  readonly events: EventStream;
  readonly ids: Ids;
  readonly clock: Clock;
}

type Teller = Pick<SecurityEvent, "tenant" | "actor" | "source">;

const SYSTEM: Teller = { tenant: "-", actor: { type: "system", id: "configuration" }, source: { entrance: "mcp" } };

/** SHA-256 over the canonical JSON of a list of tools, base64url. */
function digestOf(tools: readonly JsonObject[]): string {
  return base64url(createHash("sha256").update(canonicalJson(tools)).digest());
}

/** Notes which tools there are. What models are told of them decides what they do, so a change of it leaves a trace. */
export function announceTools(parts: ToolListParts, tools: McpTools): void {
  emit(parts, mcpEvents.mcp_tools_offered, { by: SYSTEM, told: tools.all.map(describeTool) });
}

/** Notes what somebody was told. */
export function noteListed(parts: ToolListParts, caller: McpCaller, told: readonly JsonObject[]): void {
  const { principal, tenant, peer } = caller;
  const { type, id, onBehalfOf } = principal;
  const actor = { type, id, ...(onBehalfOf === undefined ? {} : { onBehalfOf }) };
  emit(parts, mcpEvents.mcp_tools_listed, { by: { tenant, actor, source: { entrance: "mcp", ip: peer.ip } }, told });
}

function emit(
  { events, ids, clock }: ToolListParts,
  { name, level }: EventDefinition,
  { by, told }: { readonly by: Teller; readonly told: readonly JsonObject[] },
): void {
  const id = ids.next();
  const context = { tools: told.length, digest: digestOf(told) };
  events.emit({
    id,
    at: clock.now(),
    name,
    level,
    ...by,
    action: "mcp.tools",
    outcome: "success",
    requestId: id,
    context,
  });
}
