import type { IncomingMessage, ServerResponse } from "node:http";
import { getRequestListener } from "@hono/node-server";
import type { AnyAction } from "../../kernel/action.ts";
import { Attachment } from "../../kernel/attachment.ts";
import { connectionOfMessage } from "../connection.ts";
import type { ActionAnswerOptions } from "../action-route.ts";
import type { Edge, EdgeHandler } from "../edge.ts";
import type { Inbound } from "../inbound.ts";
import { malformed } from "../refusal.ts";
import { plainProblem } from "../raw-refusal.ts";
import { boundUnreadBody } from "../unread-body.ts";

/** The body of a request was read before Gatehouse saw it. */
export class BodyConsumedError extends Error {
  override readonly name = "BodyConsumedError";
  constructor(advice: string) {
    super(`The request's body has been read already, and guards need it as it was sent. ${advice}`);
  }
}

/** Serves Node requests through an edge. What Node, Express and Fastify adapters have in common. */
export interface NodeBridge {
  /** Answers one request by a handler of the edge. */
  serve(message: IncomingMessage, response: ServerResponse, handler: EdgeHandler): Promise<void>;
  /** The handler that runs an action. */
  action(action: AnyAction, options: ActionAnswerOptions): EdgeHandler;
  /**
   * Puts the edge's headers on a response that something else will write, and answers requests that break
   * the protocol. `false`: answered, nothing else may write.
   */
  protect(message: IncomingMessage, response: ServerResponse): Promise<boolean>;
  /** The parsed form of a protected request; its body is not part of it. */
  inbound(message: IncomingMessage): Inbound;
  /** A CSRF token for a page, with the cookie it belongs to put on the response. */
  csrfToken(message: IncomingMessage, response: ServerResponse): string;
}

/** A bridge to an edge. Unlike `listen` it leaves the process's `Request` and `Response` as they are. */
export function createNodeBridge(edge: Edge): NodeBridge {
  const inbounds = new Attachment<IncomingMessage, Inbound>();

  function inboundOf(message: IncomingMessage): Inbound {
    const known = inbounds.get(message);
    if (known !== undefined) return known;
    const inbound = edge.inbound(headOf(message), { ...connectionOfMessage(message), body: undefined });
    inbounds.set(message, inbound);
    return inbound;
  }

  return {
    serve: (message, response, handler) =>
      serveNode(message, response, { handler, refuse: () => refuseAddress(edge, message) }),
    action: (action, options) => edge.wrap((request) => edge.answer(action, edge.inbound(request), options)),
    inbound: inboundOf,
    async protect(message, response) {
      let inbound: Inbound;
      try {
        inbound = inboundOf(message);
      } catch (error) {
        if (!(error instanceof TypeError)) throw error;
        await write(response, refuseAddress(edge, message));
        return false;
      }
      if (inbound.refusal !== undefined) {
        await write(response, edge.refuse(inbound, inbound.refusal));
        return false;
      }
      for (const [name, value] of edge.fields(inbound, "page")) response.setHeader(name, value);
      return true;
    },
    csrfToken(message, response) {
      const inbound = inboundOf(message);
      const token = edge.csrfToken(inbound);
      response.setHeader("cache-control", "no-store");
      for (const [name, value] of edge.sessions.headers(inbound)) addHeader(response, name, value);
      return token;
    },
  };
}

/** Answers a request whose address cannot be read; its event tells where it came from. */
function refuseAddress(edge: Edge, message: IncomingMessage): Response {
  const denial = malformed("The address or Host header is not valid.");
  edge.refuseConnection(connectionOfMessage(message), denial);
  return plainProblem(denial);
}

interface Serving {
  readonly handler: EdgeHandler;
  readonly refuse: () => Response;
}

function serveNode(message: IncomingMessage, response: ServerResponse, { handler, refuse }: Serving): Promise<void> {
  const listener = getRequestListener((request, bindings) => handler(request, connectionOfMessage(message), bindings), {
    overrideGlobalObjects: false,
    autoCleanupIncoming: false,
    errorHandler: refuse,
  });
  boundUnreadBody(message, response);
  return listener(message, response);
}

/** Whether someone has read a request's body and kept no copy of it (as `rawBody`). */
export function isBodyConsumed(message: IncomingMessage): boolean {
  const hasBody = message.headers["content-length"] !== undefined || message.headers["transfer-encoding"] !== undefined;
  return hasBody && message.readableDidRead && !("rawBody" in message && message.rawBody instanceof Buffer);
}

/** A request without its body, for what is decided by the head alone. */
function headOf(message: IncomingMessage): Request {
  const { encrypted } = connectionOfMessage(message);
  const headers = new Headers();
  for (let index = 0; index < message.rawHeaders.length; index += 2) {
    headers.append(message.rawHeaders[index] ?? "", message.rawHeaders[index + 1] ?? "");
  }
  const url = new URL(message.url ?? "/", `${encrypted ? "https" : "http"}://${message.headers.host ?? ""}`);
  return new Request(url, { method: message.method ?? "GET", headers });
}

function addHeader(response: ServerResponse, name: string, value: string): void {
  const present = response.getHeader(name);
  const values = [present ?? []].flat().map(String);
  if (!values.includes(value)) response.setHeader(name, [...values, value]);
}

async function write(response: ServerResponse, answer: Response): Promise<void> {
  response.writeHead(answer.status, Object.fromEntries(answer.headers));
  response.end(Buffer.from(await answer.arrayBuffer()));
}
