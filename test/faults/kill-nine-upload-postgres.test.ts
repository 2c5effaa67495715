import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { skipWithout, startOwnPostgres } from "gatehouse/testing";
import { createDice, drillTimeout, Report, sized } from "./drill.ts";
import { runUploadRounds } from "./kill-nine-upload/rounds.ts";

// With a database of its own the server's next life cannot know whether the last one still has files open. What was
// acknowledged must be there all the same, and nothing that comes late may change it.
describe("kill -9 while files are sent, on PostgreSQL", { skip: await skipWithout("postgres") }, () => {
  it("loses no acknowledged byte and hands over each file once", { timeout: drillTimeout }, async () => {
    const dice = createDice();
    await using service = await startOwnPostgres();
    await using database = await service.createDatabase();
    const report = new Report("kill-nine-upload on PostgreSQL");
    const environment = { GATEHOUSE_STORE_ENGINE: "postgres", GATEHOUSE_STORE_POSTGRES_URL: database.url };
    const violations = await runUploadRounds({
      ...{ rounds: sized(4, 100), senders: sized(6, 10), dice, report, environment },
    });
    assert.deepEqual(violations, [], `seed ${dice.seed}`);
  });
});
