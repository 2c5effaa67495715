import { describe, it } from "node:test";
import { skipWithout, startOwnPostgres } from "gatehouse/testing";
import { drillTimeout, sized } from "./drill.ts";
import { tryClaims } from "./work-claims/trial.ts";

// Several processes work on the same orders. Each is killed, or stopped for longer than its leases last, at any moment, and
// their clocks disagree and jump. What one was acknowledged is there afterwards, once, whoever had the item before or after.
describe("claims and submissions on PostgreSQL", { skip: await skipWithout("postgres") }, () => {
  it("are neither lost nor accepted twice", { timeout: drillTimeout }, async () => {
    await using service = await startOwnPostgres({ settings: { max_connections: "100" } });
    await using database = await service.createDatabase();
    await tryClaims({
      name: "work-claims on PostgreSQL",
      place: () => ({ engine: "postgres", where: database.url }),
      processes: 3,
      pace: sized(5000, 6000),
      items: sized(300, 500_000),
    });
  });
});
