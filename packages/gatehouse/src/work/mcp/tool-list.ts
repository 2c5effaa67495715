import type { Clock } from "../../kernel/clock.ts";
import { jsonDigest } from "../../kernel/digest.ts";
import type { EventStream } from "../../kernel/event-stream.ts";
import type { EventDefinition, SecurityEvent } from "../../kernel/event.ts";
import type { Ids } from "../../kernel/ids.ts";
import { actorOf } from "../provenance.ts";
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

/** Notes which tools there are. What models are told of them decides what they do, so a change of it leaves a trace. */
export function announceTools(parts: ToolListParts, tools: McpTools): void {
  emit(parts, mcpEvents.mcp_tools_offered, { by: SYSTEM, told: tools.all.map(describeTool) });
}

/** Notes what somebody was told. */
export function noteListed(parts: ToolListParts, caller: McpCaller, told: readonly JsonObject[]): void {
  const { principal, tenant, peer } = caller;
  const by: Teller = { tenant, actor: actorOf(principal), source: { entrance: "mcp", ip: peer.ip } };
  emit(parts, mcpEvents.mcp_tools_listed, { by, told });
}

function emit(
  { events, ids, clock }: ToolListParts,
  { name, level }: EventDefinition,
  { by, told }: { readonly by: Teller; readonly told: readonly JsonObject[] },
): void {
  const id = ids.next();
  const context = { tools: told.length, digest: jsonDigest(told) };
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
