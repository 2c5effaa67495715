import type { SecurityEvent } from "./event.ts";

/** Receives events as they happen. A receiver that throws is reported and does not disturb the others. */
export type EventReceiver = (event: SecurityEvent) => void;

/** The one stream of events of a process. Log, audit, detectors and metrics subscribe. */
export interface EventStream {
  emit(event: SecurityEvent): void;
  subscribe(receive: EventReceiver): Disposable;
}

/** A stream that reports failing receivers to `report`. */
export function createEventStream(report: (error: unknown) => void): EventStream {
  const receivers = new Set<EventReceiver>();
  return {
    emit(event) {
      for (const receive of receivers) {
        try {
          receive(event);
        } catch (error) {
          report(error);
        }
      }
    },
    subscribe(receive) {
      receivers.add(receive);
      return { [Symbol.dispose]: () => void receivers.delete(receive) };
    },
  };
}
