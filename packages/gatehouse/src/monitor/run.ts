import type { Clock } from "../kernel/clock.ts";
import type { Timers } from "../kernel/timers.ts";
import {
  ProbeFailure,
  type Monitor,
  type MonitorRun,
  type Probe,
  type SkippedStep,
  type StepResult,
} from "./monitor.ts";
import { createVisitor } from "./visitor.ts";

/** What runs need. */
export interface RunParts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly origin: () => string;
  readonly fetch: typeof globalThis.fetch;
  /** Receives what went wrong while cleaning up. */
  readonly report: (error: unknown) => void;
}

const TIMEOUT = 60_000;
const LONGEST_REASON = 300;

/** Runs a monitor once, and cleans up after it. */
export async function runMonitor(monitor: Monitor, parts: RunParts, stop?: AbortSignal): Promise<MonitorRun> {
  const { clock, timers, report } = parts;
  const at = clock.now();
  const began = clock.monotonic();
  const timeUp = new AbortController();
  const { timeout = TIMEOUT } = monitor;
  using _timer = timers.after(timeout, () => timeUp.abort(new ProbeFailure(`It took longer than ${timeout} ms.`)));
  const signal = stop === undefined ? timeUp.signal : AbortSignal.any([timeUp.signal, stop]);
  const undoing: (() => Promise<void>)[] = [];
  const origin = parts.origin();
  const probe: Probe = {
    ...{ origin, signal },
    visitor: () => createVisitor({ origin, signal, fetch: parts.fetch }),
    defer: (undo) => void undoing.push(undo),
  };
  const steps: StepResult[] = [];
  let failed: MonitorRun["failed"];
  for (const { name, run } of monitor.steps()) {
    const start = clock.monotonic();
    let skipped: SkippedStep | void = undefined;
    try {
      skipped = await withSignal(run(probe), signal);
    } catch (error) {
      failed = { step: name, reason: reasonOf(error) };
    }
    steps.push({ name, duration: clock.monotonic() - start, ...skipped });
    if (failed !== undefined) break;
  }
  const duration = clock.monotonic() - began;
  for (const undo of undoing.toReversed()) await undo().catch(report);
  return { at, duration, steps, ...(failed === undefined ? {} : { failed }) };
}

/** A step that does not listen to the signal ends with it all the same. */
async function withSignal<Result>(step: Promise<Result>, signal: AbortSignal): Promise<Result> {
  const { promise, reject } = Promise.withResolvers<never>();
  const end = (): void => reject(signal.reason);
  if (signal.aborted) end();
  signal.addEventListener("abort", end, { once: true });
  try {
    return await Promise.race([step, promise]);
  } finally {
    signal.removeEventListener("abort", end);
  }
}

/** What a person can read: of failures of `fetch`, their cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error).slice(0, LONGEST_REASON);
  const { cause } = error;
  const text =
    cause instanceof Error && error instanceof TypeError ? `${error.message}: ${cause.message}` : error.message;
  return (text === "" ? error.name : text).slice(0, LONGEST_REASON);
}
