import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "gatehouse/kernel";
import { createDice, Report } from "../drill.ts";
import { openPlace, type Place } from "./store.ts";
import { judge } from "./verdict.ts";
import { fill, work } from "./workers.ts";

/** How claims and submissions are tried. */
export interface Trial {
  readonly name: string;
  /** Where the orders are; a directory is there for it. */
  readonly place: (directory: string) => Place;
  readonly processes: number;
  readonly pace: number;
  readonly items: number;
}

/** Has items claimed and submitted by processes that are killed and stopped, and judges what became of each. */
export async function tryClaims({ name, place: placeIn, processes, pace, items }: Trial): Promise<void> {
  const dice = createDice();
  const report = new Report(name);
  const directory = mkdtempSync(join(tmpdir(), "gatehouse-work-claims-"));
  try {
    const place = placeIn(directory);
    const options = { place, journal: join(directory, "journal"), dice, processes, pace };
    await fill(options, items);
    const blows = await work(options, (so) => report.progress(`${so.killed} killed, ${so.stopped} stopped`));
    await using store = await openPlace(place, systemClock);
    const { violations, ...counts } = await judge(store, options.journal);
    report.summary({ seed: dice.seed, ...blows, ...counts, violations: violations.length });
    assert.deepEqual(violations, [], `seed ${dice.seed}`);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
