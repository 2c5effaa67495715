import { monitorEventLoopDelay } from "node:perf_hooks";
import { Gauge, type Registry } from "prom-client";

/** Milliseconds between measurements. */
const RESOLUTION = 20;
const NANOSECONDS = 1e9;

/** Measures for how long the event loop lets work wait, since it was asked the last time. */
export function measureEventLoop(registry: Registry): Disposable {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION });
  histogram.enable();
  const lag = (nanoseconds: number): number => Math.max(0, nanoseconds / NANOSECONDS - RESOLUTION / 1000);
  registry.registerMetric(
    new Gauge({
      name: "gatehouse_event_loop_lag_seconds",
      help: "For how long work waited for the event loop since the last scrape.",
      labelNames: ["quantile"] as const,
      registers: [],
      collect() {
        this.set({ quantile: "0.5" }, lag(histogram.percentile(50)));
        this.set({ quantile: "0.99" }, lag(histogram.percentile(99)));
        this.set({ quantile: "1" }, lag(histogram.max));
        histogram.reset();
      },
    }),
  );
  return { [Symbol.dispose]: () => void histogram.disable() };
}
