import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { systemClock } from "gatehouse/kernel";
import { skipWithout, startOwnPostgres } from "gatehouse/testing";
import { createDice, drillTimeout, Report, sized } from "./drill.ts";
import { openPlace } from "./work-claims/store.ts";
import { judge } from "./work-claims/verdict.ts";
import { fill, work } from "./work-claims/workers.ts";

// Several processes work on the same orders. Each is killed, or stopped for longer than its leases last, at any moment, and
// their clocks disagree and jump. What one was acknowledged is there afterwards, once, whoever had the item before or after.
describe("claims and submissions on PostgreSQL", { skip: await skipWithout("postgres") }, () => {
  it("are neither lost nor accepted twice", { timeout: drillTimeout }, async () => {
    const dice = createDice();
    const report = new Report("work-claims on PostgreSQL");
    const directory = mkdtempSync(join(tmpdir(), "gatehouse-work-claims-"));
    try {
      await using service = await startOwnPostgres({ settings: { max_connections: "100" } });
      await using database = await service.createDatabase();
      const place = { engine: "postgres", where: database.url } as const;
      const options = { place, journal: join(directory, "journal"), dice, processes: 3, pace: sized(5000, 6000) };
      await fill(options, sized(300, 500_000));
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
