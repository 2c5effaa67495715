import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createDice, drillTimeout, Report, sized } from "./drill.ts";
import { runUploadRounds } from "./kill-nine-upload/rounds.ts";

// A phone throws away what the server says it has. If the server dies and an acknowledged byte is gone, or the file is
// handed over twice, a photo is broken that nobody can take again.
describe("kill -9 while files are sent, on the embedded store", () => {
  it("loses no acknowledged byte and hands over each file once", { timeout: drillTimeout }, async () => {
    const dice = createDice();
    const report = new Report("kill-nine-upload on SQLite");
    const violations = await runUploadRounds({
      ...{ rounds: sized(4, 100), senders: sized(6, 10), dice, report, environment: {} },
    });
    assert.deepEqual(violations, [], `seed ${dice.seed}`);
  });
});
