import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createDice, drillTimeout, Report, sized } from "./drill.ts";
import { inspectSqlite } from "./kill-nine/ledger.ts";
import { runStorms } from "./kill-nine-refresh/storms.ts";

// A refresh token is good once, and its successor is on its way when the server dies. A client whose answer was lost
// must not be signed out by that, and whoever reads along must not get a second line of tokens out of it.
describe("kill -9 in a storm of refreshes, on the embedded store", () => {
  it("leaves every client with one token that works, and none with two", { timeout: drillTimeout }, async () => {
    const dice = createDice();
    const violations = await runStorms({
      rounds: sized(4, 200),
      bearers: 16,
      dice,
      report: new Report("kill-nine-refresh on SQLite"),
      environment: {},
      choose: (round) => (round !== 1 && dice.chance(0.1) ? "starting server" : "server"),
      inspect: inspectSqlite,
    });
    assert.deepEqual(violations, [], `seed ${dice.seed}`);
  });
});
