import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { systemClock } from "gatehouse/kernel";
import { createDice, drillTimeout, Report, sized } from "./drill.ts";
import { openPlace } from "./work-claims/store.ts";
import { judge } from "./work-claims/verdict.ts";
import { fill, work } from "./work-claims/workers.ts";

// One process has the directory. It is killed and stopped in the middle of claims and submissions, again and again, and its
// clock, which is the database's, jumps back and forth. What was acknowledged is there afterwards, once.
describe("claims and submissions on SQLite", () => {
  it("are neither lost nor accepted twice", { timeout: drillTimeout }, async () => {
    const dice = createDice();
    const report = new Report("work-claims on SQLite");
    const directory = mkdtempSync(join(tmpdir(), "gatehouse-work-claims-"));
    try {
      const place = { engine: "sqlite", where: join(directory, "data") } as const;
      const options = { place, journal: join(directory, "journal"), dice, processes: 1, pace: sized(2500, 6000) };
      await fill(options, sized(1000, 500_000));
      const blows = await work(options, (so) => report.progress(`${so.killed} killed, ${so.stopped} stopped`));
      await using store = await openPlace(place, systemClock);
      const { violations, ...counts } = await judge(store, options.journal);
      report.summary({ seed: dice.seed, ...blows, ...counts, violations: violations.length });
      assert.deepEqual(violations, [], `seed ${dice.seed}`);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});
