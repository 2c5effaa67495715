import type { Hono } from "hono";
import { OPERATOR_ENTRANCES, operatorsOnly } from "../console/operator.ts";
import type { AnyAction } from "../kernel/action.ts";
import { systemTimers } from "../kernel/timers.ts";
import { createMetrics, type Metrics } from "../monitor/metrics.ts";
import { createMonitors, type Monitors } from "../monitor/monitors.ts";
import { createMonitorOperations } from "../monitor/operations.ts";
import { metricsRoutes } from "../monitor/routes.ts";
import { createPlaybookOperations } from "../threat/operations.ts";
import type { ApplicationParts } from "./application.ts";
import type { Foundation } from "./services.ts";

/** Monitors and metrics, wired. */
export interface Monitoring {
  readonly monitors: Monitors;
  readonly metrics: Metrics;
  readonly actions: readonly AnyAction[];
  readonly routes: Hono;
}

/** Looks after what the application says has to work, and shows how it is doing. */
export function openMonitoring(
  { services, report }: Pick<Foundation, "services" | "report">,
  { monitors: watched = [] }: Pick<ApplicationParts, "monitors">,
  stack: AsyncDisposableStack,
): Monitoring {
  const monitors = createMonitors({ ...services, monitors: watched, timers: systemTimers, report });
  const metrics = stack.use(createMetrics({ ...services, monitors }));
  return {
    monitors,
    metrics,
    actions: [
      ...createMonitorOperations({ monitors, operatorsOnly, entrances: OPERATOR_ENTRANCES }),
      ...createPlaybookOperations({ operatorsOnly, entrances: OPERATOR_ENTRANCES }),
    ],
    routes: metricsRoutes({ ...services, metrics, token: services.config.metrics.token }),
  };
}
