import type { Attempt } from "../kernel/attempt.ts";
import type { Clock } from "../kernel/clock.ts";
import { scrubText } from "../kernel/scrub.ts";
import type { LogSink } from "./event-log.ts";

/** How exceptions are reported. */
export interface ErrorReportOptions {
  readonly sink: LogSink;
  readonly clock: Clock;
  readonly format: "json" | "readable";
}

/** Takes an exception, with the attempt it ended where there was one. */
export type ReportError = (error: unknown, attempt?: Attempt) => void;

const MOST_CAUSES = 5;
/** Characters of each cause that are reported. */
const LONGEST_STACK = 16_384;

/**
 * Writes exceptions with their stacks and causes to a log: what `report` of a gate is for. Messages are
 * scrubbed, since drivers like to quote connection strings and values. Callers never see any of it.
 */
export function createErrorReport({ sink, clock, format }: ErrorReportOptions): ReportError {
  return (error, attempt) => {
    const time = new Date(clock.now()).toISOString();
    const stack = stackOf(error);
    const requestId = attempt?.id;
    if (format === "json") {
      const about = { action: attempt?.action, entrance: attempt?.entrance, request_id: requestId };
      sink.write(`${JSON.stringify({ time, level: "critical", event: "exception", ...about, stack })}\n`);
      return;
    }
    const about =
      attempt === undefined ? "" : ` in ${JSON.stringify(attempt.action)} (${attempt.entrance}) ${requestId}`;
    sink.write(`${time.slice(11, 23)} exception${about}\n${stack}\n`);
  };
}

function stackOf(error: unknown): string {
  const parts: string[] = [];
  for (let cause = error; cause !== undefined && parts.length < MOST_CAUSES;) {
    if (!(cause instanceof Error)) {
      parts.push(`a thrown ${typeof cause}`);
      break;
    }
    parts.push(scrubText(cause.stack ?? `${cause.name}: ${cause.message}`, LONGEST_STACK));
    cause = cause.cause;
  }
  return parts.join("\ncaused by ");
}
