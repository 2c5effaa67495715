import type { Bus } from "../kernel/ports/bus.ts";

/** What a bus does to one message. */
export type Fate = "deliver" | "drop" | "repeat" | "delay";

/** A bus that loses, repeats and turns around messages as it is told. */
export interface UnreliableBus extends Bus {
  /** Delivers what was held back. */
  release(): Promise<void>;
}

/** A bus on another one. `fate` is asked about each message that is published. */
export function createUnreliableBus(bus: Bus, fate: (topic: string, message: string) => Fate): UnreliableBus {
  const held: (readonly [topic: string, message: string])[] = [];
  return {
    async publish(topic, message) {
      switch (fate(topic, message)) {
        case "drop":
          return;
        case "delay":
          held.push([topic, message]);
          return;
        case "repeat":
          await bus.publish(topic, message);
          await bus.publish(topic, message);
          return;
        case "deliver":
          await bus.publish(topic, message);
      }
    },
    subscribe: (topic, receive) => bus.subscribe(topic, receive),
    async release() {
      // The last one first.
      for (let next = held.pop(); next !== undefined; next = held.pop()) await bus.publish(...next);
    },
    [Symbol.asyncDispose]: () => bus[Symbol.asyncDispose](),
  };
}
