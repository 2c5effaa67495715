import type { Bus } from "../kernel/ports/bus.ts";
import { subscribeLastingly } from "./lasting-subscription.ts";

/** What a replica is kept by. */
export interface ReplicaOptions<Value> {
  readonly bus: Bus;
  /** Where servers tell each other that there is something new. */
  readonly topic: string;
  readonly load: () => Promise<Value>;
  /** Before the first look. */
  readonly initial: Value;
  /** Milliseconds between looks, for messages of the bus that were lost. */
  readonly interval: number;
  /** Receives failures in the background. */
  readonly report?: ((error: unknown) => void) | undefined;
}

/** Something small of the store in memory, for look-ups without I/O, refreshed from other servers. */
export class Replica<Value> implements AsyncDisposable {
  readonly #options: ReplicaOptions<Value>;
  #value: Value;
  #refreshing: Promise<void> | undefined;
  #refreshAgain = false;
  #subscription: AsyncDisposable | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: ReplicaOptions<Value>) {
    this.#options = options;
    this.#value = options.initial;
  }

  /** Resolves once it has been loaded. */
  async start(): Promise<void> {
    const { bus, topic, report, interval } = this.#options;
    const heard = (): void => this.#refreshInBackground();
    this.#subscription = await subscribeLastingly(bus, topic, report === undefined ? { heard } : { heard, report });
    await this.#refresh();
    this.#timer = setInterval(heard, interval).unref();
  }

  get value(): Value {
    return this.#value;
  }

  /** What it is known to be, before it has been looked at again. */
  set value(value: Value) {
    this.#value = value;
  }

  /** Looks again, and tells the other servers to. They may miss the message; they look themselves. */
  async changed(): Promise<void> {
    await this.#refresh();
    const { bus, topic, report } = this.#options;
    await bus.publish(topic, "changed").catch((error: unknown) => report?.(error));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#subscription?.[Symbol.asyncDispose]();
    await this.#refreshing?.catch(() => undefined);
  }

  /** A call while another is running waits for one that began after it. */
  #refresh(): Promise<void> {
    if (this.#refreshing !== undefined) {
      this.#refreshAgain = true;
      return this.#refreshing;
    }
    this.#refreshing = this.#load().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  async #load(): Promise<void> {
    do {
      this.#refreshAgain = false;
      this.#value = await this.#options.load();
    } while (this.#refreshAgain);
  }

  #refreshInBackground(): void {
    this.#refresh().catch((error: unknown) => this.#options.report?.(error));
  }
}
