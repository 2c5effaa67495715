import { Hono } from "hono";
import type { AnyAction } from "../kernel/action.ts";
import { answerCspReport } from "./csp-report.ts";
import { answerCsrfRefresh } from "./csrf-refresh.ts";
import type { Edge } from "./edge.ts";

/** What the entrance's own routes need. */
export interface EdgeRoutesParts {
  readonly edge: Edge;
  /** Made by `createCspReportAction` and given to the gate with the other actions. */
  readonly cspReport: AnyAction;
  /** Default `/csp/report`; the same as the policy's `reportPath`. */
  readonly reportPath?: string;
}

/** Routes of the entrance itself: a fresh CSRF token, and policy violation reports. */
export function createEdgeRoutes({ edge, cspReport, reportPath = "/csp/report" }: EdgeRoutesParts): Hono {
  const app = new Hono();
  app.get("/api/csrf/refresh", (context) => answerCsrfRefresh(edge, edge.of(context)));
  app.post(reportPath, (context) => answerCspReport(edge, cspReport, edge.of(context)));
  return app;
}
