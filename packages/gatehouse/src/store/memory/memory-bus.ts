import type { Bus } from "../../kernel/ports/bus.ts";
import { StoreUnavailableError } from "../../kernel/ports/store.ts";
import { assertMessage, BusSubscriptions } from "../bus-subscriptions.ts";

/** How a bus within one process behaves. */
export interface MemoryBusOptions {
  /** Told of receivers that throw. */
  readonly report?: (error: unknown) => void;
}

/** A bus for an installation of one process: messages reach its own subscribers, in order. */
export function createMemoryBus(options: MemoryBusOptions = {}): Bus {
  const subscriptions = new BusSubscriptions(options.report);
  let closed = false;

  function ensureOpen(): void {
    if (closed) throw new StoreUnavailableError("bus", "The bus has been closed.");
  }

  return {
    async publish(topic, message) {
      ensureOpen();
      assertMessage(message);
      // Never within the publisher's own turn: on other buses a message takes a while, too.
      await Promise.resolve();
      if (!closed) subscriptions.deliver(topic, message);
    },
    async subscribe(topic, receive) {
      ensureOpen();
      const remove = subscriptions.add(topic, receive);
      return {
        async [Symbol.asyncDispose]() {
          remove();
        },
      };
    },
    async [Symbol.asyncDispose]() {
      closed = true;
    },
  };
}
