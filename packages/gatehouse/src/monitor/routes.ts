import { Hono } from "hono";
import type { Edge } from "../http/edge.ts";
import { constantTimeEqual, utf8 } from "../kernel/codec.ts";
import { deny } from "../kernel/outcome.ts";
import { problems } from "../kernel/problems.ts";
import type { Metrics } from "./metrics.ts";

/** Where Prometheus reads. */
const METRICS_PATH = "/metrics";

/** What the route needs. */
export interface MetricsRouteParts {
  readonly edge: Edge;
  readonly metrics: Metrics;
  /** What readers present as a bearer token. Without one there is no such page. */
  readonly token: string | undefined;
}

/** The page of metrics, for whoever has the token. */
export function metricsRoutes({ edge, metrics, token }: MetricsRouteParts): Hono {
  const app = new Hono();
  if (token === undefined) return app;
  const expected = utf8(`Bearer ${token}`);
  app.get(METRICS_PATH, async (context) => {
    const inbound = edge.of(context);
    const presented = utf8(inbound.request.headers.get("authorization") ?? "");
    if (!constantTimeEqual(presented, expected)) return edge.refuse(inbound, deny(problems.CREDENTIAL_INVALID));
    const headers = { "content-type": metrics.contentType, "cache-control": "no-store" };
    return new Response(await metrics.render(), { headers });
  });
  return app;
}
