import { StoreUnavailableError } from "../../kernel/ports/store.ts";
import type { Timers } from "../../kernel/timers.ts";
import type { NodeMessage, SignedBus } from "./signed-bus.ts";

/** What a lasting subscription needs. */
export interface LastingTopicParts {
  readonly bus: SignedBus;
  readonly timers: Timers;
  readonly report: (error: unknown) => void;
  readonly topic: string;
  readonly receive: (message: NodeMessage) => void;
  /** Called when the subscription is in force. */
  readonly opened?: () => void;
}

/** Milliseconds before another attempt to subscribe. */
const RETRY = 1_000;

/** Subscribes to a topic for as long as the process runs; where the bus is away, again and again in the background. */
export class LastingTopic implements AsyncDisposable {
  readonly #parts: LastingTopicParts;
  #subscription: AsyncDisposable | undefined;
  #trying: Promise<void> | undefined;
  #retry: Disposable | undefined;
  #ended = false;

  constructor(parts: LastingTopicParts) {
    this.#parts = parts;
  }

  /** Resolves after the first attempt. */
  open(): Promise<void> {
    this.#trying = this.#subscribe();
    return this.#trying;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true;
    this.#retry?.[Symbol.dispose]();
    await this.#trying;
    await this.#subscription?.[Symbol.asyncDispose]();
  }

  async #subscribe(): Promise<void> {
    const { bus, topic, receive, timers, report, opened } = this.#parts;
    try {
      this.#subscription = await bus.subscribe(topic, receive);
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) report(error);
      if (!this.#ended) this.#retry = timers.after(RETRY, () => void (this.#trying = this.#subscribe()), "background");
      return;
    }
    opened?.();
  }
}
