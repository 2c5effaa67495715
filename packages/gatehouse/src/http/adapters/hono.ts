import type { Handler, MiddlewareHandler } from "hono";
import type { AnyAction } from "../../kernel/action.ts";
import { connectionOf } from "../connection.ts";
import type { ActionRouteOptions } from "../action-route.ts";
import type { Edge, EdgeHandler } from "../edge.ts";

/** Mounts guards and actions into a Hono application that is served by `@hono/node-server`. */
export interface HonoAdapter {
  /** A route handler that runs an action: `app.post("/payments", gatehouse.action(pay))`. */
  action(action: AnyAction, options?: ActionRouteOptions): Handler;
  /** Serves a handler of the edge: its own routes, live components. */
  handler(handler: EdgeHandler): Handler;
  /** Middleware: security headers on every response, and an end to requests that break the protocol. */
  protect(): MiddlewareHandler;
}

/** An adapter for Hono. Applications that have nothing but Hono can use `edge.handler(app)` instead. */
export function createHonoAdapter(edge: Edge): HonoAdapter {
  return {
    action: (action, options) => edge.action(action, options),
    handler: (handler) => (context) => handler(context.req.raw, connectionOf(context.env)),
    protect: () => async (context, next) => {
      const serve = edge.wrap(async () => {
        await next();
        return context.res;
      });
      const response = await serve(context.req.raw, connectionOf(context.env));
      if (response === context.res) return;
      // Hono merges the headers of a response that is replaced; the edge's answer stands alone.
      context.res = undefined;
      context.res = response;
    },
  };
}
