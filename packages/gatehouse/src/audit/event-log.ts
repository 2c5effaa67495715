import type { Clock } from "../kernel/clock.ts";
import type { EventLevel, SecurityEvent } from "../kernel/event.ts";
import type { EventStream } from "../kernel/event-stream.ts";
import type { Ids } from "../kernel/ids.ts";
import { systemTimers, type Timers } from "../kernel/timers.ts";
import { formatJson, formatReadable } from "./log-line.ts";
import { FLOODS, RollUp } from "./roll-up.ts";

/** Where lines go; `process.stdout` is one. */
export interface LogSink {
  write(text: string): boolean;
  /** Bytes that wait to be written, where the sink knows. */
  readonly writableLength?: number;
  /** Whether a person is looking at it. */
  readonly isTTY?: boolean;
}

/** How events are logged. */
export interface EventLogOptions {
  readonly events: Pick<EventStream, "subscribe">;
  readonly sink: LogSink;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly timers?: Timers;
  /** `json` for collectors, `readable` for people. */
  readonly format: "json" | "readable";
  /** The quietest level that is logged. Default `info`. */
  readonly level?: EventLevel;
  /** Default: on terminals. */
  readonly colour?: boolean;
}

/** The log of a process. */
export interface EventLog extends AsyncDisposable {
  /** Writes what has been collected in this turn of the event loop. */
  flush(): void;
}

const ORDER: Readonly<Record<EventLevel, number>> = { info: 0, warn: 1, critical: 2 };
/** Bytes a sink may be behind before lines are left out. */
const MOST_WAITING = 8 * 1024 * 1024;

/**
 * Logs every event, one line each. Floods of alike denials become one line with the exact count, as in the audit
 * trail. Lines of one turn of the event loop are written together. Where the sink cannot keep up, lines are left out
 * rather than memory filled, and a later line says how many.
 */
export function createEventLog(options: EventLogOptions): EventLog {
  const { sink, format, level = "info", colour = sink.isTTY === true, timers = systemTimers } = options;
  const formatLine = format === "json" ? formatJson : formatReadable(colour);
  let lines: string[] = [];
  let scheduled: NodeJS.Immediate | undefined;
  let leftOut = 0;
  const denials = new RollUp({ ...FLOODS, clock: options.clock, ids: options.ids });
  let waiting: Disposable | undefined;

  function flush(): void {
    if (scheduled !== undefined) clearImmediate(scheduled);
    scheduled = undefined;
    if (lines.length === 0) return;
    const batch = lines;
    lines = [];
    if ((sink.writableLength ?? 0) > MOST_WAITING) {
      leftOut += batch.length;
      return;
    }
    if (leftOut > 0) batch.unshift(leftOutLine(format, leftOut));
    leftOut = 0;
    sink.write(`${batch.join("\n")}\n`);
  }

  function receive(event: SecurityEvent): void {
    if (ORDER[event.level] < ORDER[level]) return;
    if (event.outcome !== "denied") add(event);
    else {
      for (const line of denials.offer(event)) add(line);
      waiting ??= timers.after(FLOODS.interval, tellCounted, "background");
    }
  }

  function add(event: SecurityEvent): void {
    lines.push(formatLine(event));
    scheduled ??= setImmediate(flush);
  }

  function tellCounted(): void {
    for (const event of denials.take(false)) add(event);
    waiting = denials.pending ? timers.after(FLOODS.interval, tellCounted, "background") : undefined;
  }

  const subscription = options.events.subscribe(receive);
  return {
    flush,
    async [Symbol.asyncDispose]() {
      subscription[Symbol.dispose]();
      waiting?.[Symbol.dispose]();
      for (const event of denials.take(true)) add(event);
      flush();
    },
  };
}

function leftOutLine(format: "json" | "readable", count: number): string {
  const text = `${count} lines were left out because the log could not keep up`;
  return format === "json" ? JSON.stringify({ level: "warn", event: "log_lines_left_out", count }) : text;
}
