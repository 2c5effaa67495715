import { createMcpHandler } from "@modelcontextprotocol/server";
import type { McpCaller } from "../mcp/tool.ts";
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
}

/** Streams of notifications that may be open at once. */
const MOST_STREAMS = 256;

/** An endpoint of the Model Context Protocol. */
export function createMcpEndpoint(parts: McpEndpointParts): McpEndpoint {
  const handler = createMcpHandler(
    ({ era, authInfo }) => {
      // `answer` below is the only one that calls, and always says who.
      const caller = authInfo?.extra?.["caller"] as McpCaller;
      return createMcpServer(parts, { caller, era });
    },
    { maxSubscriptions: MOST_STREAMS, onerror: parts.report },
  );
  return {
    answer: (request, { body, caller }) => {
      const { id, grants } = caller.principal;
      // Nothing behind this ever sees the token, and so nothing can pass it on.
      const authInfo = { token: "", clientId: id, scopes: [...grants], extra: { caller } };
      return handler.fetch(request, { parsedBody: body, authInfo });
    },
    [Symbol.asyncDispose]: () => handler.close(),
  };
}
