import { z } from "zod";
import type { MonitorRun } from "./monitor.ts";

/** `failing`: the last runs failed, and not yet often enough to tell somebody. */
export type MonitorState = "unknown" | "up" | "failing" | "down";

const Run = z.object({
  at: z.number(),
  duration: z.number(),
  steps: z.array(z.object({ name: z.string(), duration: z.number(), skipped: z.string().exactOptional() })),
  failed: z.object({ step: z.string(), reason: z.string() }).optional(),
});

/** How a monitor stands, as it is kept. */
export const StandingSchema = z.object({
  state: z.enum(["unknown", "up", "failing", "down"]),
  /** Epoch milliseconds since when it is in this state. */
  since: z.number(),
  /** Failed runs in a row. */
  failures: z.number(),
  /** The newest first. */
  runs: z.array(Run),
});

/** How a monitor stands. */
export interface Standing {
  readonly state: MonitorState;
  readonly since: number;
  readonly failures: number;
  readonly runs: readonly MonitorRun[];
}

/** Before the first run. */
export const UNKNOWN: Standing = { state: "unknown", since: 0, failures: 0, runs: [] };

/** Runs that are kept. */
const KEPT = 48;

/** How it stands after another run. */
export function afterRun(before: Standing, run: MonitorRun, alertAfter: number): Standing {
  const failures = run.failed === undefined ? 0 : before.failures + 1;
  const state = failures === 0 ? "up" : failures >= alertAfter ? "down" : "failing";
  const since = state === before.state ? before.since : run.at;
  return { state, since, failures, runs: [run, ...before.runs].slice(0, KEPT) };
}

/** What somebody has to be told of: that it went down, or came up again after that. */
export function changeOf(before: Standing, after: Standing): "down" | "recovered" | undefined {
  if (after.state === "down") return before.state === "down" ? undefined : "down";
  return after.state === "up" && before.state === "down" ? "recovered" : undefined;
}
