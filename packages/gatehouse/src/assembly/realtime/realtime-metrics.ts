import { Counter, Gauge, Histogram, type Metric } from "prom-client";
import type { EventStream } from "../../kernel/event-stream.ts";
import type { Actors } from "../../realtime/actor/actors.ts";
import { actorEvents } from "../../realtime/actor/events.ts";
import { clusterEvents } from "../../realtime/cluster/events.ts";
import type { Connections, ConnectionStats } from "../../realtime/connection/connections.ts";
import { OPEN } from "../../realtime/lines/opening.ts";

/** What is measured. */
export interface RealtimeMetricsParts {
  readonly events: EventStream;
  readonly connections: Pick<Connections, "stats">;
  readonly actors: Pick<Actors, "waiting" | "deepest">;
}

/** Seconds: a turn is one transaction of the store. */
const TURN_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30];
const PREFIX = "gatehouse_realtime_";

/** How long turns take, by type of actor. */
export function createTurnTimes(): Histogram<"actor"> {
  return new Histogram({
    ...{ name: `${PREFIX}turn_seconds`, help: "How long a turn of an actor took.", registers: [] },
    ...{ labelNames: ["actor"] as const, buckets: TURN_BUCKETS },
  });
}

/** Metrics of realtime, for a registry. Labels have closed sets of values. Disposing them ends the counting of events. */
export function createRealtimeMetrics(
  parts: RealtimeMetricsParts,
): Disposable & { readonly metrics: readonly Metric[] } {
  const counted = eventCounters();
  const subscription = parts.events.subscribe(({ name, action, outcome, problem }) => {
    if (name === clusterEvents.realtime_lease_lost.name) counted.leases.inc();
    if (name === actorEvents.actor_fenced.name) counted.fenced.inc();
    if (action === OPEN && outcome !== "success" && problem !== undefined) counted.refused.inc({ problem });
  });
  return {
    metrics: [...Object.values(counted), ...gauges(parts), ...tallies(parts)],
    [Symbol.dispose]: () => subscription[Symbol.dispose](),
  };
}

function eventCounters() {
  const counter = (name: string, help: string) => new Counter({ name: PREFIX + name, help, registers: [] });
  return {
    leases: counter("lease_losses_total", "How often this server did not renew its lease in time."),
    fenced: counter("fenced_writes_total", "Writes that were refused because another server had taken the actor over."),
    refused: new Counter({
      ...{
        name: `${PREFIX}upgrade_refusals_total`,
        help: "Connections that were not opened, by problem.",
        registers: [],
      },
      labelNames: ["problem"] as const,
    }),
  };
}

function gauges({ connections, actors }: RealtimeMetricsParts): readonly Metric[] {
  const gauge = (name: string, help: string, value: () => number): Metric =>
    new Gauge({
      ...{ name: PREFIX + name, help, registers: [] },
      collect() {
        this.set(value());
      },
    });
  return [
    new Gauge({
      ...{ name: `${PREFIX}connections`, help: "Connections by state and transport.", registers: [] },
      labelNames: ["state", "transport"] as const,
      collect() {
        this.reset();
        for (const { state, transport, connections: count } of connections.stats().open)
          this.set({ state, transport }, count);
      },
    }),
    gauge("subscriptions", "Channels that connections hear.", () => connections.stats().subscriptions),
    gauge("queue_bytes", "Bytes that clients have not taken yet.", () => connections.stats().queueBytes),
    gauge("commands_waiting", "Commands that wait for actors of this server, or run.", () => actors.waiting),
    gauge("mailbox_depth", "Of them those of the actor that has most.", () => actors.deepest),
  ];
}

/** What connections have counted themselves since the process began. */
function tallies({ connections }: RealtimeMetricsParts): readonly Metric[] {
  const total = (name: string, help: string, read: (stats: ConnectionStats) => number): Metric =>
    new Counter({
      ...{ name: PREFIX + name, help, registers: [] },
      collect() {
        this.reset();
        this.inc(read(connections.stats()));
      },
    });
  const totals = <const Label extends string>(
    [name, label]: readonly [name: string, label: Label],
    help: string,
    read: (stats: ConnectionStats) => ReadonlyMap<string | number, number>,
  ): Metric =>
    new Counter({
      ...{ name: PREFIX + name, help, labelNames: [label], registers: [] },
      collect() {
        this.reset();
        for (const [value, count] of read(connections.stats())) this.labels(String(value)).inc(count);
      },
    });
  return [
    total("opened_total", "Connections that were opened.", ({ opened }) => opened),
    totals(["closed_total", "code"], "Connections that ended, by code; 0: the client went.", ({ closed }) => closed),
    totals(["command_refusals_total", "problem"], "Refused commands by problem.", ({ refused }) => refused),
    totals(
      ["recoveries_total", "verdict"],
      "How connections that came back recovered.",
      ({ recoveries }) => recoveries,
    ),
    total(
      "replayed_bytes_total",
      "Bytes that were told again to those who came back.",
      ({ replayedBytes }) => replayedBytes,
    ),
    total("dropped_total", "Volatile news that slow readers did not get.", ({ dropped }) => dropped),
  ];
}
