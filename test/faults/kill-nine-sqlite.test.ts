import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createDice, drillTimeout, Report, sized } from "./drill.ts";
import { readSqliteLedger } from "./kill-nine/ledger.ts";
import { runRounds } from "./kill-nine/rounds.ts";

// A process can die at any instant: memory runs out, the machine is taken away, an operator is impatient. What was
// acknowledged before must be there afterwards, once, and what was cut off must be safe to send again.
describe("kill -9 under load, on the embedded store", () => {
  it("loses nothing it acknowledged and does nothing twice", { timeout: drillTimeout }, async () => {
    const dice = createDice();
    const violations = await runRounds({
      rounds: sized(4, 100),
      visitors: 8,
      dice,
      report: new Report("kill-nine on SQLite"),
      environment: {},
      choose: (round) => (round === 1 || dice.chance(0.12) ? "starting server" : "server"),
      read: readSqliteLedger,
    });
    assert.deepEqual(violations, [], `seed ${dice.seed}`);
  });
});
