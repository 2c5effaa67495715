import type { Bus } from "../kernel/ports/bus.ts";
import { StoreUnavailableError } from "../kernel/ports/store.ts";

/** How somebody stays informed. */
export interface LastingSubscriptionOptions {
  /** Called with every message, and with none once a subscription that had to wait is in force: something may have been missed. */
  readonly heard: (message?: string) => void;
  /** Receives failures other than a bus that is away. */
  readonly report?: (error: unknown) => void;
  /** Milliseconds between attempts to subscribe. Default 1000. */
  readonly pause?: number;
}

/**
 * Subscribes to a topic whose messages only say that there is something new to look at. A bus that is away, as it may
 * be when a server starts, is asked again and again in the background: it must not keep the server from serving.
 * Resolves after the first attempt.
 */
export async function subscribeLastingly(
  bus: Bus,
  topic: string,
  options: LastingSubscriptionOptions,
): Promise<AsyncDisposable> {
  const subscription = new LastingSubscription(bus, topic, options);
  await subscription.begin();
  return subscription;
}

const PAUSE = 1_000;

class LastingSubscription implements AsyncDisposable {
  readonly #bus: Bus;
  readonly #topic: string;
  readonly #options: LastingSubscriptionOptions;
  #current: AsyncDisposable | undefined;
  #timer: NodeJS.Timeout | undefined;
  #trying: Promise<void> | undefined;
  #ended = false;

  constructor(bus: Bus, topic: string, options: LastingSubscriptionOptions) {
    this.#bus = bus;
    this.#topic = topic;
    this.#options = options;
  }

  /** @throws whatever the bus throws that waiting does not heal. */
  async begin(): Promise<void> {
    if (!(await this.#subscribe())) this.#tryLater();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true;
    clearTimeout(this.#timer);
    await this.#trying;
    await this.#current?.[Symbol.asyncDispose]();
  }

  /** Whether the subscription is in force. */
  async #subscribe(): Promise<boolean> {
    try {
      this.#current = await this.#bus.subscribe(this.#topic, (message) => this.#options.heard(message));
      return true;
    } catch (error) {
      if (error instanceof StoreUnavailableError) return false;
      throw error;
    }
  }

  #tryLater(): void {
    if (this.#ended) return;
    this.#timer = setTimeout(() => {
      this.#trying = this.#tryAgain();
    }, this.#options.pause ?? PAUSE).unref();
  }

  async #tryAgain(): Promise<void> {
    try {
      if (!(await this.#subscribe())) this.#tryLater();
      else if (!this.#ended) this.#options.heard();
    } catch (error) {
      this.#options.report?.(error);
    }
  }
}
