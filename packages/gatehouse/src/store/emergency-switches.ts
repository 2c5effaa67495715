import type { Clock } from "../kernel/clock.ts";
import type { Bus } from "../kernel/ports/bus.ts";
import type { Documents } from "../kernel/ports/documents.ts";
import {
  EMERGENCY_MEASURES,
  type Emergency,
  type EmergencyMeasure,
  type EmergencySwitches,
  type NewEmergency,
} from "../kernel/ports/emergency.ts";
import type { ReadTransaction, Store, WriteTransaction } from "../kernel/ports/store.ts";
import { subscribeLastingly } from "./lasting-subscription.ts";

/** What emergency switches are built on. */
export interface EmergencySwitchesOptions {
  readonly store: Store;
  readonly documents: Documents;
  readonly bus: Bus;
  readonly clock: Clock;
  /** Milliseconds between looks at the store, for messages of the bus that were lost. Default 5000. */
  readonly pollInterval?: number;
  /** Receives failures of refreshing in the background. */
  readonly report: (error: unknown) => void;
}

const TOPIC = "gatehouse.emergency";
const POLL_INTERVAL = 5000;
/** Measures are for the whole installation. */
const TENANT = "-";

/**
 * Emergency measures as documents of the store, with a replica in memory. Other servers hear of changes over the bus at
 * once, and by looking now and then. Resolves once the measures in force have been loaded.
 */
export async function createEmergencySwitches(options: EmergencySwitchesOptions): Promise<EmergencySwitches> {
  const switches = new ReplicatedSwitches(options);
  await switches.start();
  return switches;
}

class ReplicatedSwitches implements EmergencySwitches {
  readonly #options: EmergencySwitchesOptions;
  #inForce: ReadonlyMap<EmergencyMeasure, Emergency> = new Map();
  #loading = Promise.resolve();
  #subscription: AsyncDisposable | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: EmergencySwitchesOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { bus, report, pollInterval = POLL_INTERVAL } = this.#options;
    this.#subscription = await subscribeLastingly(bus, TOPIC, { heard: () => this.#refresh(), report });
    await this.#load();
    this.#timer = setInterval(() => this.#refresh(), pollInterval).unref();
  }

  isOn(measure: EmergencyMeasure): boolean {
    if (this.#inForce.size === 0) return false;
    return (this.#inForce.get(measure)?.expiresAt ?? 0) > this.#options.clock.now();
  }

  list(): readonly Emergency[] {
    return [...this.#inForce.values()].filter(({ measure }) => this.isOn(measure));
  }

  async set(transaction: WriteTransaction, { measure, reason, duration }: NewEmergency): Promise<Emergency> {
    const { documents } = this.#options;
    const now = await transaction.now();
    const before = await documents.get(transaction, keyOf(measure));
    const since = before === undefined ? now : read(measure, before.body).since;
    const emergency: Emergency = { measure, reason, since, expiresAt: now + duration };
    const change = { expected: before?.version ?? 0, body: JSON.stringify(emergency), expiresAt: emergency.expiresAt };
    await documents.put(transaction, keyOf(measure), change);
    transaction.afterCommit(() => this.#announce(new Map(this.#inForce).set(measure, emergency)));
    return emergency;
  }

  async lift(transaction: WriteTransaction, measure: EmergencyMeasure): Promise<boolean> {
    const { documents } = this.#options;
    if ((await documents.get(transaction, keyOf(measure))) === undefined) return false;
    await documents.delete(transaction, keyOf(measure));
    const rest = (): [EmergencyMeasure, Emergency][] => [...this.#inForce].filter(([name]) => name !== measure);
    transaction.afterCommit(() => this.#announce(new Map(rest())));
    return true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#subscription?.[Symbol.asyncDispose]();
    await this.#loading;
  }

  /** Other servers may miss the message; they look themselves. */
  #announce(inForce: ReadonlyMap<EmergencyMeasure, Emergency>): void {
    this.#inForce = inForce;
    this.#refresh();
    this.#options.bus.publish(TOPIC, "changed").catch(this.#options.report);
  }

  #refresh(): void {
    this.#loading = this.#loading.then(() => this.#load()).catch(this.#options.report);
  }

  async #load(): Promise<void> {
    const { store } = this.#options;
    this.#inForce = await store.read((reading) => this.#read(reading));
  }

  async #read(reading: ReadTransaction): Promise<ReadonlyMap<EmergencyMeasure, Emergency>> {
    const found = new Map<EmergencyMeasure, Emergency>();
    for (const measure of EMERGENCY_MEASURES) {
      const document = await this.#options.documents.get(reading, keyOf(measure));
      if (document !== undefined) found.set(measure, read(measure, document.body));
    }
    return found;
  }
}

function keyOf(measure: EmergencyMeasure) {
  return { kind: "emergency", tenant: TENANT, id: measure };
}

function read(measure: EmergencyMeasure, body: string): Emergency {
  // What `set` has written under this very key.
  return { ...(JSON.parse(body) as Emergency), measure };
}
