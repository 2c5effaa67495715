import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { setTimeout as pause } from "node:timers/promises";

import type { LimitCheck } from "../kernel/ports/counters.ts";

/** Several processes that press on the same limits. */
export interface ProcessesOptions {
  readonly engine: "valkey" | "postgres";
  readonly url: string;
  readonly prefix: string;
  readonly checks: readonly LimitCheck[];
  readonly milliseconds: number;
  /** Reads from the server when each unit that still counts was admitted, in microseconds of its clock. */
  readonly readTimes: () => Promise<readonly number[]>;
}

const PROCESSES = 3;
const run = promisify(execFile);

/**
 * Lets three processes press on the limits and answers what the server has noted: the time of every admission, in
 * order. Fails when the processes were told of more or fewer admissions than the server knows of.
 */
export async function pressFromProcesses(options: ProcessesOptions): Promise<number[]> {
  const { engine, url, prefix, checks, milliseconds } = options;
  const worker = fileURLToPath(new URL("counters-worker.ts", import.meta.url));
  const settings = { engine, url, prefix, milliseconds: String(milliseconds), checks: JSON.stringify(checks) };
  const parameters = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  const workers = Promise.all(Array.from({ length: PROCESSES }, () => run(process.execPath, [worker, ...parameters])));
  const seen = new Map<number, number>();
  const state = { running: true };
  void workers.finally(() => (state.running = false)).catch(() => undefined);
  do {
    note(seen, await options.readTimes());
    await pause(50);
  } while (state.running);
  const outputs = await workers;
  note(seen, await options.readTimes());
  const times = [...seen].flatMap(([time, units]) => Array.from({ length: units }, () => time)).sort((a, b) => a - b);
  // The workers print exactly this.
  const counts = outputs.map(({ stdout }) => JSON.parse(stdout) as { admitted: number; refused: number });
  assert.equal(
    times.length,
    counts.reduce((sum, { admitted }) => sum + admitted, 0),
  );
  for (const { refused } of counts) assert.ok(refused > 0, "every process has to meet the limit");
  return times;
}

/** The largest number of admissions in any trailing window, in microseconds. */
export function mostInWindow(times: readonly number[], window: number): number {
  let most = 0;
  let start = 0;
  for (const [index, time] of times.entries()) {
    while ((times[start] ?? time) + window <= time) start += 1;
    most = Math.max(most, index - start + 1);
  }
  return most;
}

/** Keeps, for each time, the largest number of units ever seen with it. */
function note(seen: Map<number, number>, times: readonly number[]): void {
  const units = new Map<number, number>();
  for (const time of times) units.set(time, (units.get(time) ?? 0) + 1);
  for (const [time, count] of units) seen.set(time, Math.max(count, seen.get(time) ?? 0));
}
