import type { Clock } from "../kernel/clock.ts";
import type { SecurityEvent } from "../kernel/event.ts";
import type { EventStream } from "../kernel/event-stream.ts";
import type { Ids } from "../kernel/ids.ts";
import type { AuditTrail } from "../kernel/ports/audit.ts";
import { StoreUnavailableError, type Store } from "../kernel/ports/store.ts";
import { systemTimers, type Timers } from "../kernel/timers.ts";
import { events as auditEvents } from "./events.ts";
import { FLOODS, RollUp, type RollUpOptions } from "./roll-up.ts";
import { storable } from "./storable.ts";

/** What a recorder is built from. */
export interface RecorderOptions {
  readonly events: EventStream;
  readonly store: Pick<Store, "write">;
  readonly trail: Pick<AuditTrail, "append">;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly timers?: Timers;
  /** Receives what keeps events from being written, once an outage. */
  readonly report: (error: unknown) => void;
  /** Milliseconds between batches. Default 250. */
  readonly pause?: number;
  /** Events kept in memory while the store is away. Default 10 000. */
  readonly capacity?: number;
  /** Default `FLOODS`. */
  readonly rollUp?: Partial<Pick<RollUpOptions, "cap" | "interval" | "sources">>;
}

/** Writes events into the audit trail, off the path of the attempts that caused them. */
export interface Recorder extends AsyncDisposable {
  /** Writes what is waiting now. Resolves when it is written, or the store has refused. */
  flush(): Promise<void>;
  /** Events waiting, and events left out since the last row about it. */
  state(): { readonly waiting: number; readonly dropped: number };
}

const BATCH = 500;
const LONGEST_PAUSE = 5000;
const FAREWELLS = 3;

/**
 * Subscribes to the stream of events and records all that the audit guard has not: denials, errors, acts of
 * the system. Floods of alike events become one row with the exact count. While the store is away events
 * wait in bounded memory; what does not fit is counted, and the count is recorded once the store is back.
 * Disposing it writes what is left.
 */
export function createRecorder(options: RecorderOptions): Recorder {
  const recorder = new QueuedRecorder(options);
  const subscription = options.events.subscribe((event) => recorder.receive(event));
  return {
    flush: () => recorder.flush(false),
    state: () => recorder.state(),
    async [Symbol.asyncDispose]() {
      subscription[Symbol.dispose]();
      await recorder.close();
    },
  };
}

interface Dropped {
  count: number;
  readonly firstAt: number;
  lastAt: number;
}

class QueuedRecorder {
  readonly #options: RecorderOptions & Required<Pick<RecorderOptions, "timers" | "pause" | "capacity">>;
  readonly #rollUp: RollUp;
  readonly #queue: SecurityEvent[] = [];
  #dropped: Dropped | undefined;
  #timer: Disposable | undefined;
  #writing: Promise<void> | undefined;
  #failures = 0;

  constructor(options: RecorderOptions) {
    this.#options = { timers: systemTimers, pause: 250, capacity: 10_000, ...options };
    const { clock, ids } = options;
    this.#rollUp = new RollUp({ clock, ids, ...FLOODS, ...options.rollUp });
  }

  receive(event: SecurityEvent): void {
    if (event.recorded === true) return;
    for (const row of this.#rollUp.offer(event)) this.#enqueue(row);
    this.#schedule();
  }

  state(): ReturnType<Recorder["state"]> {
    return { waiting: this.#queue.length, dropped: this.#dropped?.count ?? 0 };
  }

  async flush(everything: boolean): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    for (const row of this.#rollUp.take(everything)) this.#enqueue(row);
    this.#writing = this.#drain();
    await this.#writing;
    this.#writing = undefined;
    this.#schedule();
  }

  async close(): Promise<void> {
    for (let tries = 0; tries < FAREWELLS; tries += 1) {
      await this.flush(true);
      if (this.#queue.length === 0 && this.#dropped === undefined) break;
    }
    this.#timer?.[Symbol.dispose]();
    const lost = this.#queue.length + (this.#dropped?.count ?? 0);
    if (lost > 0) this.#options.report(new Error(`${lost} events could not be recorded before the end.`));
  }

  #enqueue(event: SecurityEvent): void {
    if (this.#queue.length < this.#options.capacity) {
      this.#queue.push(storable(event));
      return;
    }
    // What came first is kept: it shows how an attack began.
    this.#drop(event.at);
  }

  #drop(at: number): void {
    this.#dropped ??= { count: 0, firstAt: at, lastAt: at };
    this.#dropped.count += 1;
    this.#dropped.lastAt = at;
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#writing !== undefined) return;
    if (this.#queue.length === 0 && this.#dropped === undefined && !this.#rollUp.pending) return;
    const { timers, pause } = this.#options;
    const delay = Math.min(pause * 2 ** this.#failures, Math.max(LONGEST_PAUSE, pause));
    this.#timer = timers.after(delay, () => void this.flush(false), "background");
  }

  async #drain(): Promise<void> {
    try {
      while (this.#queue.length > 0) await this.#writeBatch(this.#queue.slice(0, BATCH));
      if (this.#dropped !== undefined) await this.#recordDropped(this.#dropped);
      this.#failures = 0;
    } catch (error) {
      if (this.#failures === 0) this.#options.report(error);
      this.#failures += 1;
    }
  }

  async #writeBatch(batch: readonly SecurityEvent[]): Promise<void> {
    try {
      await this.#append(batch);
      this.#queue.splice(0, batch.length);
    } catch (error) {
      if (error instanceof StoreUnavailableError) throw error;
      // One row the engine does not take must not hold up the others for ever.
      for (const event of batch) await this.#writeAlone(event);
    }
  }

  async #writeAlone(event: SecurityEvent): Promise<void> {
    try {
      await this.#append([event]);
    } catch (error) {
      if (error instanceof StoreUnavailableError) throw error;
      this.#options.report(error);
      this.#drop(event.at);
    }
    this.#queue.shift();
  }

  #append(batch: readonly SecurityEvent[]): Promise<void> {
    const { store, trail } = this.#options;
    return store.write(async (transaction) => {
      for (const event of batch) await trail.append(transaction, event);
    });
  }

  async #recordDropped(dropped: Dropped): Promise<void> {
    const { ids, clock, events } = this.#options;
    const { count, firstAt, lastAt } = dropped;
    const id = ids.next();
    const row: SecurityEvent = {
      id,
      at: clock.now(),
      name: auditEvents.audit_events_dropped.name,
      level: auditEvents.audit_events_dropped.level,
      tenant: "-",
      actor: { type: "system", id: "audit" },
      source: { entrance: "job" },
      action: "audit.record",
      outcome: "error",
      requestId: id,
      context: { dropped: count, firstAt, lastAt },
    };
    await this.#append([row]);
    if (this.#dropped === dropped && dropped.count === count) this.#dropped = undefined;
    else dropped.count -= count;
    events.emit({ ...row, recorded: true });
  }
}
