import { Counter, Gauge, Registry, type Metric } from "prom-client";
import type { EventStream } from "../kernel/event-stream.ts";
import type { Store } from "../kernel/ports/store.ts";
import { measureEventLoop } from "./event-loop.ts";
import type { Monitors } from "./monitors.ts";

/** What is measured. */
export interface MetricsParts {
  readonly events: EventStream;
  readonly monitors: Pick<Monitors, "list">;
  readonly store: Pick<Store, "read">;
}

/** Measurements in the text format of Prometheus. */
export interface Metrics extends Disposable {
  readonly contentType: string;
  render(): Promise<string>;
  /** Shows metrics of others as well. */
  add(metrics: readonly Metric[]): void;
}

/**
 * Counts events, and shows how monitors stand. Labels have closed sets of values: names of events come from the
 * registry, names of monitors from the application. Metrics of monitors are called as those of the blackbox exporter.
 */
export function createMetrics({ events, monitors, store }: MetricsParts): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const counted = new Counter({
    ...{ name: "gatehouse_events_total", help: "Events by name and outcome.", registers },
    labelNames: ["event", "outcome"] as const,
  });
  const subscription = events.subscribe(({ name, outcome }) => counted.inc({ event: name, outcome }));
  const gauge = <const Label extends string>(name: string, help: string, labelNames: readonly Label[]): Gauge<Label> =>
    new Gauge({ name, help, labelNames: [...labelNames], registers });
  const success = gauge("probe_success", "Whether the last run of a monitor succeeded.", ["monitor"]);
  const duration = gauge("probe_duration_seconds", "How long the last run of a monitor took.", ["monitor"]);
  const step = gauge("probe_step_duration_seconds", "How long a step of it took.", ["monitor", "step"]);
  const skipped = gauge("probe_step_skipped", "Whether it was not tried, because there is nothing to try.", [
    "monitor",
    "step",
  ]);
  const time = gauge("probe_last_run_timestamp_seconds", "When it began.", ["monitor"]);
  const eventLoop = measureEventLoop(registry);
  const refresh = async (): Promise<void> => {
    for (const each of [success, duration, step, skipped, time]) each.reset();
    for (const { name: monitor, runs } of await store.read((transaction) => monitors.list(transaction))) {
      const [last] = runs;
      if (last === undefined) continue;
      success.set({ monitor }, last.failed === undefined ? 1 : 0);
      duration.set({ monitor }, last.duration / 1000);
      time.set({ monitor }, last.at / 1000);
      for (const { name, duration: took, skipped: why } of last.steps) {
        step.set({ monitor, step: name }, took / 1000);
        skipped.set({ monitor, step: name }, why === undefined ? 0 : 1);
      }
    }
  };
  return {
    contentType: registry.contentType,
    async render() {
      await refresh();
      return registry.metrics();
    },
    add: (metrics) => {
      for (const metric of metrics) registry.registerMetric(metric);
    },
    [Symbol.dispose]() {
      eventLoop[Symbol.dispose]();
      subscription[Symbol.dispose]();
    },
  };
}
