import { Hono } from "hono";
import { z } from "zod";
import { createOriginRules, type JudgeOrigin } from "../../guards/origin.ts";
import { parseJsonBody } from "../../http/body.ts";
import type { Edge } from "../../http/edge.ts";
import type { Inbound } from "../../http/inbound.ts";
import { malformed, unsupported } from "../../http/refusal.ts";
import { programOf } from "../../http/calling-program.ts";
import { defineAction, type Action, type Authorise, type LimitPolicy } from "../../kernel/action.ts";
import type { Principal } from "../../kernel/attempt.ts";
import { events } from "../../kernel/events.ts";
import { deny, isDenial, type Denial } from "../../kernel/outcome.ts";
import { problems } from "../../kernel/problems.ts";
import { faultOf } from "./fault.ts";
import type { JsonObject, McpCaller } from "./caller.ts";
import type { McpTools } from "./tool.ts";

/** Speaks the protocol for somebody who was let in. */
export type AnswerMcp = (
  request: Request,
  message: { readonly body: JsonObject; readonly caller: McpCaller },
) => Promise<Response>;

/** What the entrance is made from. */
export interface McpEntranceParts {
  readonly edge: Edge;
  readonly tools: McpTools;
  readonly answer: AnswerMcp;
  /** Where it is. Default `/mcp`. */
  readonly path?: string;
  /** The rule of calls that need a scope; without one, of all others: any token for the endpoint will do. */
  readonly permit: (scope: string | undefined) => Authorise<unknown>;
  readonly limits: readonly LimitPolicy[];
  /** Other origins whose pages may call. Default: none. */
  readonly trustedOrigins?: readonly string[];
}

/** What the entrance adds to an application. */
export interface McpEntrance {
  readonly actions: readonly [McpRequestAction];
  readonly routes: Hono;
}

type McpRequestAction = Action<Message, Admitted>;

/** A message, of which all is for the library to check but what tool it calls. */
const Message = z.looseObject({ method: z.unknown().optional(), params: z.unknown().optional() });
type Message = z.output<typeof Message>;
const Called = z.object({
  method: z.literal("tools/call"),
  params: z.object({ name: z.string(), arguments: z.record(z.string(), z.unknown()).default({}) }),
});

interface Admitted {
  readonly principal: Principal;
}

/**
 * The way in for clients of the Model Context Protocol: `POST /mcp`, one message a request.
 *
 * Each request is an attempt at `mcp.request`: its token, its limits and, where it calls a tool, the tool's scope are
 * looked at before the library that speaks the protocol sees anything of it. What a tool does is an attempt of its own.
 */
export function createMcpEntrance(parts: McpEntranceParts): McpEntrance {
  const { edge, path = "/mcp", answer, trustedOrigins = [] } = parts;
  const action = requestAction(parts);
  const judge = createOriginRules({ trustedOrigins });
  const routes = new Hono();
  routes.post(path, async (context) => {
    const inbound = edge.of(context);
    const foreign = inspectOrigin(judge, inbound);
    const subject = { action: action.name, entrance: "mcp" } as const;
    if (foreign !== undefined) return render(inbound, foreign, { answered: edge.refuse(inbound, foreign, subject) });
    const read: { message?: JsonObject } = {};
    const outcome = await edge.receive(inbound, {
      ...subject,
      action,
      read: async () => {
        const body = await readMessage(inbound);
        if (isDenial(body)) return body;
        read.message = body;
        return { value: body };
      },
    });
    if (!outcome.ok) return render(inbound, outcome, { answered: edge.problem(inbound, outcome), ...read });
    // The action's own result.
    const { principal } = outcome.value as Admitted;
    const { peer, tenant, request } = inbound;
    const caller = { principal, peer, tenant, program: programOf(request.headers), signal: request.signal };
    return answer(request, { body: read.message ?? {}, caller });
  });
  return { actions: [action], routes };
}

function requestAction({ tools, permit, limits }: McpEntranceParts): McpRequestAction {
  const plain = permit(undefined);
  const rules = new Map(tools.all.map((tool) => [tool, permit(tool.scope)]));
  const rule: Authorise<Message> = async (context) => {
    const called = Called.safeParse(context.input);
    const tool = called.success ? tools.find(called.data.params.name) : undefined;
    if (tool === undefined) return plain(context);
    const answer = await (rules.get(tool) ?? plain)(context);
    if (answer !== true || tool.admit === undefined) return answer;
    const given = called.data?.params.arguments ?? {};
    return (await tool.admit({ ...context, arguments: given })) ?? true;
  };
  return defineAction({
    name: "mcp.request",
    entrances: ["mcp"],
    effects: "none",
    input: Message,
    limits,
    authorise: Object.assign(rule, plain.demand === undefined ? {} : { demand: plain.demand }),
    run: async ({ principal }): Promise<Admitted> => ({ principal }),
  });
}

/**
 * Whatever a token says, a page of another origin is turned away: it may have reached a server of this machine under a
 * name of its own (DNS rebinding), with a token that it found.
 */
function inspectOrigin(judge: JudgeOrigin, { request, method, target }: Inbound): Denial | undefined {
  const origin = request.headers.get("origin") ?? undefined;
  const fetchSite = request.headers.get("sec-fetch-site") ?? undefined;
  const verdict = judge({
    ...{ kind: "browser", method, target },
    ...(origin === undefined ? {} : { origin }),
    ...(fetchSite === undefined ? {} : { fetchSite }),
  });
  if (verdict !== "foreign") return undefined;
  return deny(problems.ORIGIN_REFUSED, { event: events.request_refused, context: { reason: "origin" } });
}

async function readMessage(inbound: Inbound): Promise<JsonObject | Denial> {
  if (inbound.contentType?.essence !== "application/json") return unsupported("Send application/json.");
  const bytes = await inbound.bytes();
  if (isDenial(bytes)) return bytes;
  const body = parseJsonBody(bytes, inbound.limits.json);
  if (isDenial(body)) return body;
  const message = body.kind === "json" ? body.value : undefined;
  // Batches were in one version of the protocol, which no other has followed: many calls would pass as one.
  if (typeof message !== "object" || message === null || Array.isArray(message)) {
    return malformed("Send one message, as an object.");
  }
  return { ...message };
}

/** The answer that the edge would give, with an error of JSON-RPC in its body. */
function render(
  inbound: Inbound,
  denial: Denial,
  { answered, message = {} }: { readonly answered: Response; readonly message?: JsonObject },
): Response {
  const { id } = message;
  const echoed = typeof id === "string" || typeof id === "number" ? id : null;
  const { data, ...fault } = faultOf(denial);
  const error = { ...fault, data: { ...data, request_id: inbound.requestId } };
  const headers = new Headers(answered.headers);
  headers.set("content-type", "application/json");
  headers.delete("content-length");
  return new Response(JSON.stringify({ jsonrpc: "2.0", id: echoed, error }), { status: answered.status, headers });
}
