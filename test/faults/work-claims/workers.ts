import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { PROGRAM_FLAGS } from "../../support/program-flags.ts";
import type { Dice } from "../drill.ts";
import type { Place } from "./store.ts";

/** What was done to the workers. */
export interface Blows {
  killed: number;
  stopped: number;
}

interface WorkersOptions {
  readonly place: Place;
  readonly journal: string;
  readonly dice: Dice;
  /** Processes at a time; one on SQLite, whose directory has one owner. */
  readonly processes: number;
  /** Milliseconds between blows, at most. */
  readonly pace: number;
}

const FILE = join(import.meta.dirname, "worker.ts");
const LONGEST_STOP = 1500;

/** Has something proposed to work on. */
export async function fill(options: WorkersOptions, items: number): Promise<void> {
  const child = start(options, items);
  const [code] = await once(child, "exit");
  if (code !== 0) throw new Error(`Proposing ended with ${code}.`);
}

/** Keeps workers at work, kills and stops them at random, and resolves once each has ended by itself. */
export async function work(options: WorkersOptions, progress: (blows: Blows) => void): Promise<Blows> {
  const blows: Blows = { killed: 0, stopped: 0 };
  const one = async (): Promise<void> => {
    for (;;) {
      const child = start(options);
      const ended = once(child, "exit");
      const beating = beat(child, options, blows);
      const [code, signal] = await ended;
      await beating;
      if (code === 0) return;
      if (signal !== "SIGKILL") throw new Error(`A worker ended with ${code ?? signal}.`);
    }
  };
  const telling = setInterval(() => progress(blows), 30_000);
  try {
    await Promise.all(Array.from({ length: options.processes }, one));
  } finally {
    clearInterval(telling);
  }
  return blows;
}

async function beat(child: ChildProcess, { dice, pace }: WorkersOptions, blows: Blows): Promise<void> {
  // Half of them live until they have begun, and the others may be killed while they open the store.
  await delay(dice.chance(0.5) ? pace : 0);
  while (child.exitCode === null && child.signalCode === null) {
    await delay(dice.integer(1, pace));
    if (dice.chance(0.4)) {
      if (child.kill("SIGKILL")) blows.killed += 1;
      return;
    }
    if (!child.kill("SIGSTOP")) return;
    blows.stopped += 1;
    await delay(dice.integer(100, LONGEST_STOP));
    child.kill("SIGCONT");
  }
}

function start({ place, journal, dice }: WorkersOptions, items = 0): ChildProcess {
  const words = [place.engine, place.where, journal, dice.integer(1, 2 ** 31).toString(16), String(items)];
  return spawn(process.execPath, [...PROGRAM_FLAGS, FILE, ...words], {
    stdio: ["ignore", "inherit", "inherit"],
  });
}
