export { defineMonitor, expectThat, ProbeFailure } from "./monitor/monitor.ts";
export type {
  Monitor,
  MonitorRun,
  MonitorStep,
  Probe,
  ProbeVisitor,
  SkippedStep,
  StepResult,
} from "./monitor/monitor.ts";
export { monitorEvents } from "./monitor/events.ts";
export { createMonitors } from "./monitor/monitors.ts";
export type { Monitors, MonitorsParts, WatchedMonitor } from "./monitor/monitors.ts";
export type { MonitorState, Standing } from "./monitor/standing.ts";
export { createMetrics } from "./monitor/metrics.ts";
export type { Metrics, MetricsParts } from "./monitor/metrics.ts";
export { createMonitorOperations } from "./monitor/operations.ts";
export type { MonitorOperationsParts } from "./monitor/operations.ts";
export { metricsRoutes } from "./monitor/routes.ts";
export type { MetricsRouteParts } from "./monitor/routes.ts";
