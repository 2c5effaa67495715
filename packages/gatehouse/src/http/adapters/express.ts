import type { IncomingMessage, ServerResponse } from "node:http";
import type { AnyAction } from "../../kernel/action.ts";
import type { ActionRouteOptions } from "../action-route.ts";
import type { Edge, EdgeHandler } from "../edge.ts";
import type { Inbound } from "../inbound.ts";
import { BodyConsumedError, createNodeBridge, isBodyConsumed } from "./node-bridge.ts";

/** What this adapter uses of an Express request. */
export interface ExpressRequest extends IncomingMessage {
  readonly originalUrl: string;
  readonly params?: Readonly<Record<string, string | string[]>>;
}

/** An Express middleware or route handler. */
export type ExpressHandler = (
  request: ExpressRequest,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void;

/** Mounts guards and actions into an Express 5 application. */
export interface ExpressAdapter {
  /**
   * A route handler that runs an action: `app.post("/payments", gatehouse.action(pay))`. Guards need the
   * body as it was sent: mount the route before `express.json()` and its kind, or give those
   * `{ verify: keepRawBody }`. Otherwise the request fails with a `BodyConsumedError` that says so.
   */
  action(action: AnyAction, options?: ActionRouteOptions): ExpressHandler;
  /** Serves a handler of the edge: its own routes, live components. The same rule about bodies holds. */
  handler(handler: EdgeHandler): ExpressHandler;
  /** Middleware: security headers on every response, and an end to requests that break the protocol. */
  protect(): ExpressHandler;
  /** The parsed form of a request: nonce, session, client address. */
  inbound(request: ExpressRequest): Inbound;
  /** A CSRF token for a page the application writes; puts the session's cookie on the response. */
  csrfToken(request: ExpressRequest, response: ServerResponse): string;
}

const ADVICE = "Mount the route before express.json(), or use express.json({ verify: keepRawBody }).";

/** Keeps a copy of the body that a body parser reads: `express.json({ verify: keepRawBody })`. */
export function keepRawBody(request: IncomingMessage, _response: ServerResponse, body: Buffer): void {
  Object.defineProperty(request, "rawBody", { value: body, configurable: true });
}

/** An adapter for Express. */
export function createExpressAdapter(edge: Edge): ExpressAdapter {
  const bridge = createNodeBridge(edge);

  function mount(handlerFor: (request: ExpressRequest) => EdgeHandler): ExpressHandler {
    return (request, response, next) => {
      if (isBodyConsumed(request)) return next(new BodyConsumedError(ADVICE));
      atOriginalUrl(request, () => bridge.serve(request, response, handlerFor(request))).catch(next);
    };
  }

  return {
    action: (action, options = {}) =>
      mount((request) => bridge.action(action, { ...options, parameters: parametersOf(request) })),
    handler: (handler) => mount(() => handler),
    protect: () => (request, response, next) => {
      atOriginalUrl(request, () => bridge.protect(request, response)).then((goOn) => (goOn ? next() : undefined), next);
    },
    inbound: (request) => atOriginalUrl(request, () => bridge.inbound(request)),
    csrfToken: (request, response) => atOriginalUrl(request, () => bridge.csrfToken(request, response)),
  };
}

/** Express takes the path of a mounted router off `url`; the edge reads the whole, in the same turn. */
function atOriginalUrl<Result>(request: ExpressRequest, work: () => Result): Result {
  const { url } = request;
  request.url = request.originalUrl;
  try {
    return work();
  } finally {
    request.url = url ?? request.originalUrl;
  }
}

function parametersOf({ params = {} }: ExpressRequest): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(params).map(([name, value]) => [name, [value].flat().join("/")]));
}
