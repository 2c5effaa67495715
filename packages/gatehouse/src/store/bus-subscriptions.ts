/** Longest message in bytes of UTF-8. */
const MESSAGE_LIMIT = 64 * 1024;

/** @throws {RangeError} when a message is longer than every bus carries. */
export function assertMessage(message: string): void {
  if (message.length > MESSAGE_LIMIT || Buffer.byteLength(message) > MESSAGE_LIMIT) {
    throw new RangeError(`A message on the bus holds at most ${MESSAGE_LIMIT} bytes.`);
  }
}

/** Takes messages of one topic. */
export type Receiver = (message: string) => void;

/** Who of this process listens to which topic. */
export class BusSubscriptions {
  readonly #byTopic = new Map<string, Set<{ readonly receive: Receiver }>>();
  readonly #report: (error: unknown) => void;

  /** A receiver that throws is reported and does not disturb the others. */
  constructor(report: (error: unknown) => void = () => undefined) {
    this.#report = report;
  }

  /** Topics somebody listens to. */
  get topics(): string[] {
    return [...this.#byTopic.keys()];
  }

  has(topic: string): boolean {
    return this.#byTopic.has(topic);
  }

  /** Adds a receiver. The result removes it again and says whether it was the topic's last; later calls do nothing. */
  add(topic: string, receive: Receiver): () => boolean {
    const subscription = { receive };
    const subscriptions = this.#byTopic.get(topic) ?? new Set();
    this.#byTopic.set(topic, subscriptions.add(subscription));
    return () => {
      if (!subscriptions.delete(subscription) || subscriptions.size > 0) return false;
      // The topic may have been left and joined again meanwhile.
      if (this.#byTopic.get(topic) === subscriptions) this.#byTopic.delete(topic);
      return true;
    };
  }

  deliver(topic: string, message: string): void {
    for (const { receive } of this.#byTopic.get(topic) ?? []) {
      try {
        receive(message);
      } catch (error) {
        this.#report(error);
      }
    }
  }
}
