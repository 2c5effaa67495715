import { join } from "node:path";
import { describe, it } from "node:test";
import { drillTimeout, sized } from "./drill.ts";
import { tryClaims } from "./work-claims/trial.ts";

// One process has the directory. It is killed and stopped in the middle of claims and submissions, again and again, and its
// clock, which is the database's, jumps back and forth. What was acknowledged is there afterwards, once.
describe("claims and submissions on SQLite", () => {
  it("are neither lost nor accepted twice", { timeout: drillTimeout }, async () => {
    await tryClaims({
      name: "work-claims on SQLite",
      place: (directory) => ({ engine: "sqlite", where: join(directory, "data") }),
      processes: 1,
      pace: sized(2500, 6000),
      items: sized(1000, 500_000),
    });
  });
});
