import type { IncomingMessage, ServerResponse } from "node:http";
import type { AnyAction } from "../../kernel/action.ts";
import type { ActionRouteOptions } from "../action-route.ts";
import type { Edge, EdgeHandler } from "../edge.ts";
import type { Inbound } from "../inbound.ts";
import { BodyConsumedError, createNodeBridge, isBodyConsumed } from "./node-bridge.ts";

/** A request listener of `node:http`. */
export type NodeListener = (message: IncomingMessage, response: ServerResponse) => Promise<void>;

/** Mounts guards and actions into a bare `node:http` application. */
export interface NodeAdapter {
  /** Runs an action for the requests it is given. Their bodies must not have been read. */
  action(action: AnyAction, options?: ActionRouteOptions): NodeListener;
  /** Serves a handler of the edge: its own routes, live components. */
  handler(handler: EdgeHandler): NodeListener;
  /** Puts the security headers on a response the application writes; `false` when the request was refused. */
  protect(message: IncomingMessage, response: ServerResponse): Promise<boolean>;
  /** The parsed form of a request: nonce, session, client address. */
  inbound(message: IncomingMessage): Inbound;
  /** A CSRF token for a page the application writes; puts the session's cookie on the response. */
  csrfToken(message: IncomingMessage, response: ServerResponse): string;
}

/** An adapter for `node:http`. */
export function createNodeAdapter(edge: Edge): NodeAdapter {
  const bridge = createNodeBridge(edge);
  const listen = (handler: EdgeHandler): NodeListener => {
    return async (message, response) => {
      if (isBodyConsumed(message)) throw new BodyConsumedError("Call the listener before anything reads the request.");
      return bridge.serve(message, response, handler);
    };
  };
  return {
    action: (action, options = {}) => listen(bridge.action(action, options)),
    handler: listen,
    protect: (message, response) => bridge.protect(message, response),
    inbound: (message) => bridge.inbound(message),
    csrfToken: (message, response) => bridge.csrfToken(message, response),
  };
}
