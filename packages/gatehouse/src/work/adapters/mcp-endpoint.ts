import { createMcpHandler } from "@modelcontextprotocol/server";
import { callerParts, type JsonObject, type McpCaller } from "../mcp/caller.ts";
import type { AnswerMcp } from "../mcp/routes.ts";
import { createMcpServer, type McpServerParts } from "./mcp-server.ts";

/** What speaks the protocol, both its eras, without keeping anything between two requests. */
export interface McpEndpoint extends AsyncDisposable {
  readonly answer: AnswerMcp;
}

/** What an endpoint is made from. */
export interface McpEndpointParts extends McpServerParts {
  /** Receives what goes wrong below the protocol. */
  readonly report: (error: unknown) => void;
  /** Aborted when the server stops: streams that have no end of their own end then. */
  readonly stopping: AbortSignal;
}

/** Streams of notifications that may be open at once: of all callers, and of one. */
const MOST_STREAMS = 256;
const MOST_OF_ONE = 4;
/** Milliseconds after which a stream ends, and its caller shows a token again. */
const STREAM_LIFETIME = 600_000;
const TOO_MANY = { code: -32000, message: "There are too many streams of yours." };

/** An endpoint of the Model Context Protocol. */
export function createMcpEndpoint(parts: McpEndpointParts): McpEndpoint {
  const streams = new Map<string, number>();
  const handler = createMcpHandler(
    ({ era, authInfo }) => {
      // `answer` below is the only one that calls, and always says who.
      const caller = authInfo?.extra?.["caller"] as McpCaller;
      return createMcpServer(parts, { caller, era });
    },
    { maxSubscriptions: MOST_STREAMS, onerror: parts.report },
  );

  function serve(request: Request, { body, caller }: Parameters<AnswerMcp>[1], signal: AbortSignal): Promise<Response> {
    const { id, grants } = caller.principal;
    // Nothing behind this ever sees the token, and so nothing can pass it on.
    const headers = new Headers(request.headers);
    for (const name of ["authorization", "dpop", "cookie"]) headers.delete(name);
    const shown = new Request(request.url, { method: request.method, headers, signal });
    const authInfo = { token: "", clientId: id, scopes: [...grants], extra: { caller } };
    return handler.fetch(shown, { parsedBody: body, authInfo });
  }

  function stream(request: Request, message: Parameters<AnswerMcp>[1]): Promise<Response> {
    const { principal, tenant } = message.caller;
    const whose = JSON.stringify([tenant, ...callerParts(principal)]);
    const open = streams.get(whose) ?? 0;
    if (open >= MOST_OF_ONE) return Promise.resolve(tooMany(message.body));
    streams.set(whose, open + 1);
    const ends = [request.signal, parts.stopping, AbortSignal.timeout(STREAM_LIFETIME)];
    const signal = AbortSignal.any(ends);
    signal.addEventListener("abort", () => {
      const left = (streams.get(whose) ?? 1) - 1;
      if (left > 0) streams.set(whose, left);
      else streams.delete(whose);
    });
    return serve(request, message, signal);
  }

  return {
    answer: (request, message) =>
      message.body["method"] === "subscriptions/listen"
        ? stream(request, message)
        : serve(request, message, request.signal),
    [Symbol.asyncDispose]: () => handler.close(),
  };
}

function tooMany({ id }: JsonObject): Response {
  return Response.json({ jsonrpc: "2.0", id: id ?? null, error: TOO_MANY }, { status: 429 });
}
