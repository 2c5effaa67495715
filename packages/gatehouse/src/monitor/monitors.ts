import type { Clock } from "../kernel/clock.ts";
import type { EventContext, EventDefinition } from "../kernel/event.ts";
import type { EventStream } from "../kernel/event-stream.ts";
import type { Ids } from "../kernel/ids.ts";
import type { Documents } from "../kernel/ports/documents.ts";
import type { Leases } from "../kernel/ports/leases.ts";
import type { ReadTransaction, Store } from "../kernel/ports/store.ts";
import { pause, type Timers } from "../kernel/timers.ts";
import { monitorEvents } from "./events.ts";
import type { Monitor, MonitorRun } from "./monitor.ts";
import { runMonitor } from "./run.ts";
import { afterRun, changeOf, StandingSchema, UNKNOWN, type Standing } from "./standing.ts";

/** What monitors work with. */
export interface MonitorsParts {
  readonly monitors: readonly Monitor[];
  readonly store: Store;
  readonly documents: Documents;
  readonly leases: Leases;
  readonly events: EventStream;
  readonly ids: Ids;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Where visitors reach the server. */
  readonly origin: () => string;
  /** Default: the machine's. */
  readonly fetch?: typeof globalThis.fetch;
  /** Receives what went wrong with the monitors themselves. */
  readonly report: (error: unknown) => void;
}

/** A monitor and how it stands. */
export interface WatchedMonitor extends Standing {
  readonly name: string;
  readonly title: string;
  /** Milliseconds between two runs. */
  readonly every: number;
}

/** The monitors of an installation. However many servers it has, each monitor runs once at a time. */
export interface Monitors {
  list(transaction: ReadTransaction): Promise<readonly WatchedMonitor[]>;
  /**
   * Runs one now; `unknown` where there is none of that name, `running` while it runs already.
   * @throws {StoreUnavailableError} when the result cannot be kept.
   */
  run(name: string): Promise<MonitorRun | "unknown" | "running">;
  /** Runs each from now on whenever it is due. Disposing ends that, and waits for what is running. */
  start(): AsyncDisposable;
}

const FIVE_MINUTES = 300_000;
const ALERT_AFTER = 2;
const TIMEOUT = 60_000;
/** Milliseconds for keeping the result and for cleaning up. */
const MARGIN = 30_000;
/** Part of the time between two runs that may be missing, for clocks and timers that are not exact. */
const EARLY = 0.05;
/** Milliseconds. */
const LEAST_PAUSE = 1000;

/** Looks after what an installation is for, by trying it. */
export function createMonitors(parts: MonitorsParts): Monitors {
  return new StoredMonitors(parts);
}

class StoredMonitors implements Monitors {
  readonly #parts: MonitorsParts;
  readonly #holder: string;

  constructor(parts: MonitorsParts) {
    this.#parts = parts;
    this.#holder = parts.ids.next();
    const names = new Set(parts.monitors.map(({ name }) => name));
    if (names.size < parts.monitors.length) throw new TypeError("Two monitors have the same name.");
  }

  async list(transaction: ReadTransaction): Promise<readonly WatchedMonitor[]> {
    const listed: WatchedMonitor[] = [];
    for (const { name, title, every = FIVE_MINUTES } of this.#parts.monitors) {
      listed.push({ name, title, every, ...(await this.#standing(transaction, name)).standing });
    }
    return listed;
  }

  async run(name: string): Promise<MonitorRun | "unknown" | "running"> {
    const monitor = this.#parts.monitors.find((candidate) => candidate.name === name);
    return monitor === undefined ? "unknown" : ((await this.#runAlone(monitor)) ?? "running");
  }

  start(): AsyncDisposable {
    const stop = new AbortController();
    const loops = this.#parts.monitors.map((monitor) => this.#repeat(monitor, stop.signal));
    return {
      async [Symbol.asyncDispose]() {
        stop.abort();
        await Promise.all(loops);
      },
    };
  }

  async #repeat(monitor: Monitor, stop: AbortSignal): Promise<void> {
    const { clock, timers, report, store } = this.#parts;
    const { every = FIVE_MINUTES } = monitor;
    while (!stop.aborted) {
      let due = clock.now() + every;
      try {
        const { standing } = await store.read((transaction) => this.#standing(transaction, monitor.name));
        const last = standing.runs[0]?.at ?? 0;
        if (clock.now() - last >= every * (1 - EARLY)) await this.#runAlone(monitor, stop);
        else due = last + every;
      } catch (error) {
        if (!stop.aborted) report(error);
      }
      await pause(timers, Math.max(due - clock.now(), LEAST_PAUSE), { signal: stop });
    }
  }

  /** Runs it unless another server does; nothing is kept of a run that the end of the server has cut off. */
  async #runAlone(monitor: Monitor, stop?: AbortSignal): Promise<MonitorRun | undefined> {
    const { clock, timers, origin, report, leases, fetch = globalThis.fetch } = this.#parts;
    const duration = (monitor.timeout ?? TIMEOUT) + MARGIN;
    const lease = await leases.acquire(
      `monitor:${monitor.name}`,
      `${this.#holder}:${this.#parts.ids.next()}`,
      duration,
    );
    if (lease === undefined) return undefined;
    try {
      const run = await runMonitor(monitor, { clock, timers, origin, report, fetch }, stop);
      if (stop?.aborted !== true) await this.#keep(monitor, run);
      return run;
    } finally {
      await leases.release(lease);
    }
  }

  async #keep({ name, alertAfter = ALERT_AFTER }: Monitor, run: MonitorRun): Promise<void> {
    const { store, documents } = this.#parts;
    await store.write(async (transaction) => {
      const { standing, version } = await this.#standing(transaction, name);
      const after = afterRun(standing, run, alertAfter);
      const change = { expected: version, body: JSON.stringify(after) };
      await documents.put(transaction, keyOf(name), change);
      const what = changeOf(standing, after);
      transaction.afterCommit(() => {
        if (what === "down") {
          const { step, reason } = run.failed ?? { step: "", reason: "" };
          this.#emit(monitorEvents.monitor_failed, name, { step, reason, failures: after.failures });
        } else if (what === "recovered") {
          this.#emit(monitorEvents.monitor_recovered, name, { seconds: Math.round((run.at - standing.since) / 1000) });
        }
      });
    });
  }

  async #standing(transaction: ReadTransaction, name: string): Promise<{ standing: Standing; version: number }> {
    const document = await this.#parts.documents.get(transaction, keyOf(name));
    if (document === undefined) return { standing: UNKNOWN, version: 0 };
    const { runs, ...rest } = StandingSchema.parse(JSON.parse(document.body));
    const kept = runs.map(({ failed, ...run }) => (failed === undefined ? run : { ...run, failed }));
    return { standing: { ...rest, runs: kept }, version: document.version };
  }

  #emit({ name, level }: EventDefinition, target: string, context: EventContext): void {
    const { events, ids, clock } = this.#parts;
    const id = ids.next();
    events.emit({
      ...{ id, at: clock.now(), name, level, tenant: "-", requestId: id, action: "monitors.watch", target, context },
      ...{ actor: { type: "system", id: "server" }, source: { entrance: "job" } },
      outcome: name === monitorEvents.monitor_failed.name ? "error" : "success",
    });
  }
}

function keyOf(name: string): { readonly kind: string; readonly tenant: string; readonly id: string } {
  return { kind: "monitor", tenant: "-", id: name };
}
