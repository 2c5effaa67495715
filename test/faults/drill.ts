import { randomBytes } from "node:crypto";
import { appendFileSync } from "node:fs";
import type { ServerProcess } from "../support/server-process.ts";

/** Whether drills run at full length: `npm run drill`. Otherwise they are shortened, for every test run. */
export const isFull = process.env["DRILL"] === "full";

/** Seconds a shortened drill may take on a busy machine. */
const SHORT_TIMEOUT = 150_000;
/** Milliseconds after which a full drill is given up. */
const FULL_TIMEOUT = 4 * 3_600_000;

/** How long node:test waits for a drill. */
export const drillTimeout = isFull ? FULL_TIMEOUT : SHORT_TIMEOUT;

/** The number for this run: the first when shortened, the second at full length. */
export function sized(short: number, full: number): number {
  return isFull ? full : short;
}

/** What is drawn by chance in a drill. The same seed draws the same. */
export interface Dice {
  readonly seed: string;
  /** A number from 0 up to, without, 1. */
  fraction(): number;
  /** A whole number from `low` to `high`, both included. */
  integer(low: number, high: number): number;
  /** True with this probability. */
  chance(probability: number): boolean;
  pick<Value>(values: readonly Value[]): Value;
}

/** Dice by the seed that `DRILL_SEED` names, else by a new one. */
export function createDice(seed = process.env["DRILL_SEED"] ?? randomBytes(4).toString("hex")): Dice {
  let state = Number.parseInt(seed, 16) || 1;
  // Mulberry32, by Tommy Ettinger, in the public domain: 32 bits of state are plenty for drawing test cases.
  const fraction = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const integer = (low: number, high: number): number => low + Math.floor(fraction() * (high - low + 1));
  return {
    seed,
    fraction,
    integer,
    chance: (probability) => fraction() < probability,
    pick(values) {
      const value = values[integer(0, values.length - 1)];
      if (value === undefined) throw new RangeError("There is nothing to pick from.");
      return value;
    },
  };
}

/** What a drill tells while it runs and at its end. A full drill is watched by a person. */
export class Report {
  readonly #name: string;
  readonly #started = performance.now();

  constructor(name: string) {
    this.#name = name;
  }

  /** Where the drill stands; in full drills only. */
  progress(text: string): void {
    if (isFull || process.env["DRILL_LOG"] !== undefined) this.#say(text);
  }

  /** The result, as lines of a label and a value. */
  summary(values: Readonly<Record<string, string | number>>): void {
    const seconds = ((performance.now() - this.#started) / 1000).toFixed(1);
    const form = isFull ? "full" : "short";
    const rows = Object.entries({ date: new Date().toISOString(), form, seconds, ...values });
    this.#say(["done", ...rows.map(([label, value]) => `  ${label.padEnd(34)} ${value}`)].join("\n"));
  }

  #say(text: string): void {
    const line = `${this.#name}: ${text}\n`;
    const file = process.env["DRILL_LOG"];
    if (file !== undefined) appendFileSync(file, line);
    process.stderr.write(line);
  }
}

/** Collects what broke, so that a drill goes on and shows everything at its end. */
export class Violations {
  readonly #found: string[] = [];

  add(text: string): void {
    this.#found.push(text);
  }

  /** Adds a violation unless something holds. */
  expect(holds: boolean, text: string): void {
    if (!holds) this.add(text);
  }

  get list(): readonly string[] {
    return this.#found;
  }
}

/** How the absence of something shared is reported: by the store, by a client, or by a provider that lost an answer. */
const OUTAGE =
  /StoreUnavailableError|ECONNREFUSED|ECONNRESET|ETIMEDOUT|(Socket timeout|Command timed out)|Connection is closed|fetch failed/;

/** Exceptions a server reported that do not say that something it needs is away: the first line of each. */
export function unexpectedExceptions({ exceptions }: ServerProcess): string[] {
  return exceptions.map(({ stack }) => String(stack).split("\n")[0] ?? "").filter((line) => !OUTAGE.test(line));
}

/** The value below which this part of the values lies, such as 0.5 for the median. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
}
