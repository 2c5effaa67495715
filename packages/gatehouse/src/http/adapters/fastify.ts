import type { IncomingMessage, ServerResponse } from "node:http";
import type { AnyAction } from "../../kernel/action.ts";
import type { ActionRouteOptions } from "../action-route.ts";
import type { Edge, EdgeHandler } from "../edge.ts";
import type { Inbound } from "../inbound.ts";
import { BodyConsumedError, createNodeBridge, isBodyConsumed } from "./node-bridge.ts";

/** What this adapter uses of a Fastify request. */
export interface FastifyRequestLike {
  readonly raw: IncomingMessage;
  readonly params: unknown;
}

/** What this adapter uses of a Fastify reply. */
export interface FastifyReplyLike {
  readonly raw: ServerResponse;
  readonly sent: boolean;
  hijack(): unknown;
}

/** What this adapter uses of a Fastify instance. */
export interface FastifyScopeLike {
  removeAllContentTypeParsers(): unknown;
  addContentTypeParser(
    type: string,
    parse: (request: never, payload: never, done: (error: Error | null, body?: unknown) => void) => void,
  ): unknown;
}

/** A Fastify route handler. */
export type FastifyHandler = (request: FastifyRequestLike, reply: FastifyReplyLike) => Promise<void>;

/** Mounts guards and actions into a Fastify 5 application. */
export interface FastifyAdapter {
  /**
   * Leaves the bodies of a scope unread, since guards need them as they were sent. Call it at the top of
   * the plugin that has the guarded routes: `app.register(async (scope) => { gatehouse.leaveBodies(scope); ... })`.
   */
  leaveBodies(scope: FastifyScopeLike): void;
  /** A route handler that runs an action; its route must be in a scope prepared by `leaveBodies`. */
  action(action: AnyAction, options?: ActionRouteOptions): FastifyHandler;
  /** Serves a handler of the edge: its own routes, live components. The same rule about bodies holds. */
  handler(handler: EdgeHandler): FastifyHandler;
  /** An `onRequest` hook: security headers on every response, and an end to requests that break the protocol. */
  protect(): FastifyHandler;
  /** The parsed form of a request: nonce, session, client address. */
  inbound(request: FastifyRequestLike): Inbound;
  /** A CSRF token for a page the application writes; puts the session's cookie on the response. */
  csrfToken(request: FastifyRequestLike, reply: FastifyReplyLike): string;
}

const ADVICE = "Call leaveBodies(scope) in the plugin that declares the route.";

/** An adapter for Fastify. */
export function createFastifyAdapter(edge: Edge): FastifyAdapter {
  const bridge = createNodeBridge(edge);

  function mount(handlerFor: (request: FastifyRequestLike) => EdgeHandler): FastifyHandler {
    return async (request, reply) => {
      if (isBodyConsumed(request.raw)) throw new BodyConsumedError(ADVICE);
      reply.hijack();
      await bridge.serve(request.raw, reply.raw, handlerFor(request));
    };
  }

  return {
    leaveBodies(scope) {
      scope.removeAllContentTypeParsers();
      scope.addContentTypeParser("*", (_request, _payload, done) => done(null));
    },
    action: (action, options = {}) =>
      mount((request) => bridge.action(action, { ...options, parameters: parametersOf(request.params) })),
    handler: (handler) => mount(() => handler),
    protect: () => async (request, reply) => {
      if (!(await bridge.protect(request.raw, reply.raw))) reply.hijack();
    },
    inbound: (request) => bridge.inbound(request.raw),
    csrfToken: (request, reply) => bridge.csrfToken(request.raw, reply.raw),
  };
}

function parametersOf(params: unknown): Readonly<Record<string, string>> {
  if (typeof params !== "object" || params === null) return {};
  return Object.fromEntries(Object.entries(params).map(([name, value]) => [name, String(value)]));
}
