import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { skipWithout, startPostgres } from "gatehouse/testing";
import { Client } from "../support/client.ts";
import type { ServerProcess } from "../support/server-process.ts";
import { createDice, drillTimeout, Report, sized, Violations } from "./drill.ts";
import { bombard, describe as describeTally } from "./malformed-flaws/bombardment.ts";
import { startMeasuredServer, type Memory } from "./malformed-flaws/memory.ts";

/** Of all bytes that are still in use after two thirds more of the requests, and of those the process occupies. */
const LIVE_GROWTH = 16 * 1_048_576;
const RESIDENT_GROWTH = 64 * 1_048_576;
/** So that limits and bans do not keep the requests from the parsers. */
const UNLIMITED = { GATEHOUSE_LIMITS_TRUSTED_CIDRS: "127.0.0.0/8" };
const EVENT = "/events/anna-and-ben";
const missing = await skipWithout("postgres");

async function judgeAfterwards(server: ServerProcess, violations: Violations): Promise<void> {
  if (server.hasEnded) return;
  using client = new Client({ url: server.url, localAddress: "127.0.0.251" });
  await client.open(EVENT);
  const { status } = await client.act("guestbook", "sign", { author: "Drill", message: "Still here" });
  violations.expect(status === 200, `Afterwards the guestbook is signed with ${status}.`);
  const { code } = await server.stop();
  violations.expect(code === 0, `The server's orderly end had the code ${code}.`);
}

function mebibytes(memory: readonly Memory[], part: keyof Memory): string {
  return memory.map((one) => (one[part] / 1_048_576).toFixed(1)).join(", ");
}

// Nobody has to speak proper HTTP to a server. What cannot be understood must be refused as the caller's fault, without
// an error of the server's own, without its end, and without leaving anything behind that adds up.
describe("requests with drawn flaws", () => {
  it("are refused without a failure, a crash or a leak", { timeout: drillTimeout }, async () => {
    const report = new Report("malformed-flaws");
    const violations = new Violations();
    const dice = createDice();
    await using measured = await startMeasuredServer({ environment: UNLIMITED });
    const { server } = measured;
    const memory: Memory[] = [];
    const count = Math.ceil(sized(5_000, 100_000) / 3);
    const results: Record<string, string | number> = {};
    for (const third of ["first", "second", "last"]) {
      const tally = await bombard({ server, count, dice, report, violations });
      if (server.hasEnded) break;
      memory.push(await measured.measure());
      for (const [label, value] of Object.entries(describeTally(tally))) results[`${third} third, ${label}`] = value;
    }
    const [before, , after] = memory;
    if (before !== undefined && after !== undefined) {
      violations.expect(after.live - before.live < LIVE_GROWTH, "What is in use has grown.");
      violations.expect(after.resident - before.resident < RESIDENT_GROWTH, "What the process occupies has grown.");
    }
    await judgeAfterwards(server, violations);
    report.summary({
      seed: dice.seed,
      ...results,
      "in use after each third (MiB)": mebibytes(memory, "live"),
      "resident after each third (MiB)": mebibytes(memory, "resident"),
      violations: violations.list.length,
    });
    assert.deepEqual(violations.list.slice(0, 10), [], `seed ${dice.seed}`);
  });

  it("are refused by a server with limits, which go on serving others", { timeout: drillTimeout }, async () => {
    const report = new Report("malformed-flaws, with limits");
    const violations = new Violations();
    const dice = createDice();
    await using measured = await startMeasuredServer();
    const { server } = measured;
    const addresses = Array.from({ length: 20 }, (_, index) => `127.0.1.${index + 1}`);
    const tally = await bombard({ server, count: sized(600, 10_000), dice, report, violations, addresses });
    const refused = (tally.statuses.get(429) ?? 0) + (tally.statuses.get(403) ?? 0);
    violations.expect(refused > 0, "No limit has refused anything.");
    await judgeAfterwards(server, violations);
    report.summary({ seed: dice.seed, ...describeTally(tally), violations: violations.list.length });
    assert.deepEqual(violations.list.slice(0, 10), [], `seed ${dice.seed}`);
  });

  it("are refused without a failure on PostgreSQL", { timeout: drillTimeout, skip: missing }, async () => {
    const report = new Report("malformed-flaws, on PostgreSQL");
    const violations = new Violations();
    const dice = createDice();
    await using service = await startPostgres({ durable: false });
    await using database = await service.createDatabase();
    const store = { GATEHOUSE_STORE_ENGINE: "postgres", GATEHOUSE_STORE_POSTGRES_URL: database.url };
    await using measured = await startMeasuredServer({ environment: { ...UNLIMITED, ...store } });
    const { server } = measured;
    const tally = await bombard({ server, count: sized(600, 10_000), dice, report, violations });
    await judgeAfterwards(server, violations);
    report.summary({ seed: dice.seed, ...describeTally(tally), violations: violations.list.length });
    assert.deepEqual(violations.list.slice(0, 10), [], `seed ${dice.seed}`);
  });
});
