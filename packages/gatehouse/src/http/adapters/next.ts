import type { AnyAction } from "../../kernel/action.ts";
import type { ActionRouteOptions } from "../action-route.ts";
import type { Edge, EdgeHandler } from "../edge.ts";
import type { Connection } from "../inbound.ts";

/** A route handler of the App Router. */
export type NextRouteHandler = (
  request: Request,
  context: { readonly params: Promise<Readonly<Record<string, string | string[] | undefined>>> },
) => Promise<Response>;

/** What Next does not tell by itself. */
export interface NextOptions {
  /**
   * Address of the proxy in front of Next, which must be one of the edge's trusted proxies and must set the
   * forwarding header. Next hides the socket and lets clients write that header themselves; so without a
   * proxy nobody's address is known, and all callers share one.
   */
  readonly proxy?: string;
}

/** Mounts guards and actions into a Next application, as route handlers in its Node runtime. */
export interface NextAdapter {
  /** A route handler that runs an action: `export const POST = gatehouse.action(pay)`. */
  action(action: AnyAction, options?: ActionRouteOptions): NextRouteHandler;
  /** Serves a handler of the edge, in a catch-all route. */
  handler(handler: EdgeHandler): NextRouteHandler;
}

/** An adapter for Next. */
export function createNextAdapter(edge: Edge, { proxy }: NextOptions = {}): NextAdapter {
  const connection: Connection = { address: proxy, encrypted: false };
  return {
    action:
      (action, options = {}) =>
      async (request, { params }) => {
        const parameters = flatten(await params);
        const serve = edge.wrap((inner) => edge.answer(action, edge.inbound(inner), { ...options, parameters }));
        return serve(addressed(request), connection);
      },
    handler: (handler) => (request) => handler(addressed(request), connection),
  };
}

/** Next puts its own host into the address; the one that was asked for is in the header. */
function addressed(request: Request): Request {
  const url = new URL(request.url);
  url.protocol = "http:";
  url.host = request.headers.get("host") ?? url.host;
  const { method, headers, body, signal } = request;
  return new Request(url, { method, headers, signal, ...(body === null ? {} : { body, duplex: "half" }) });
}

/** Next says there are always parameters and passes none to routes without any. */
function flatten(
  params: Readonly<Record<string, string | string[] | undefined>> | undefined = {},
): Readonly<Record<string, string>> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(params)) flat[name] = [value ?? []].flat().join("/");
  return flat;
}
