import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { skipWithout, startOwnPostgres } from "gatehouse/testing";
import { createDice, drillTimeout, Report, sized } from "./drill.ts";
import { readPostgresLedger } from "./kill-nine/ledger.ts";
import { runRounds, type Kill } from "./kill-nine/rounds.ts";

// With a database server there are two that can die, and the connection between them. Whichever it is, what was
// acknowledged must be there afterwards, once, and the one that is left must find the other again by itself.
describe("kill -9 under load, on PostgreSQL", { skip: await skipWithout("postgres") }, () => {
  it("loses nothing it acknowledged and does nothing twice", { timeout: drillTimeout }, async () => {
    const dice = createDice();
    await using service = await startOwnPostgres();
    await using database = await service.createDatabase();
    const draw = (): Kill => {
      if (dice.chance(0.12)) return "starting server";
      if (dice.chance(0.15)) return "store";
      return dice.chance(0.1) ? "server and store" : "server";
    };
    const firstRounds: readonly Kill[] = ["starting server", "server", "store"];
    const violations = await runRounds({
      rounds: sized(4, 100),
      visitors: 8,
      dice,
      report: new Report("kill-nine on PostgreSQL"),
      environment: { GATEHOUSE_STORE_ENGINE: "postgres", GATEHOUSE_STORE_POSTGRES_URL: database.url },
      choose: (round) => firstRounds[round - 1] ?? draw(),
      async crashStore() {
        await service.process.stop("crash");
        await delay(dice.integer(0, 500));
        await service.process.start();
      },
      read: () => readPostgresLedger(database.url),
    });
    assert.deepEqual(violations, [], `seed ${dice.seed}`);
  });
});
