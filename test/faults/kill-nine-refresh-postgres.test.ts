import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { coreMigrations } from "gatehouse/store";
import { skipWithout, startOwnPostgres } from "gatehouse/testing";
import { createDice, drillTimeout, Report, sized } from "./drill.ts";
import { inspectPostgres } from "./kill-nine/ledger.ts";
import type { Kill } from "./kill-nine/rounds.ts";
import { runStorms } from "./kill-nine-refresh/storms.ts";

// With a database server a commit can be done and its answer lost on the way to the server, which then does not know
// whether a token was used up. A client that asks again must get the one successor, whichever of the two has died.
describe("kill -9 in a storm of refreshes, on PostgreSQL", { skip: await skipWithout("postgres") }, () => {
  it("leaves every client with one token that works, and none with two", { timeout: drillTimeout }, async () => {
    const dice = createDice();
    await using service = await startOwnPostgres();
    await using database = await service.createDatabase();
    const draw = (): Kill => {
      if (dice.chance(0.1)) return "starting server";
      if (dice.chance(0.2)) return "store";
      return dice.chance(0.2) ? "server and store" : "server";
    };
    const firstRounds: readonly Kill[] = ["server", "store", "server and store"];
    const violations = await runStorms({
      rounds: sized(4, 200),
      bearers: 16,
      dice,
      report: new Report("kill-nine-refresh on PostgreSQL"),
      environment: { GATEHOUSE_STORE_ENGINE: "postgres", GATEHOUSE_STORE_POSTGRES_URL: database.url },
      choose: (round) => firstRounds[round - 1] ?? draw(),
      async crashStore() {
        await service.process.stop("crash");
        await delay(dice.integer(0, 500));
        await service.process.start();
      },
      inspect: (_data, look) => inspectPostgres(database.url, coreMigrations, look),
    });
    assert.deepEqual(violations, [], `seed ${dice.seed}`);
  });
});
