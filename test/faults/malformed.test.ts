import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { startServer, type ServerProcess } from "../support/server-process.ts";
import { createDice, drillTimeout, Report, sized, Violations, type Dice } from "./drill.ts";
import { oddRequest } from "./malformed/requests.ts";
import { send } from "./malformed/sender.ts";

const SENDERS = 48;
const CHUNK = 2_500;
const MEGABYTE = 1024 * 1024;
/** Growth of memory from the first third on that is not a leak: caches fill, the collector is in no hurry. */
const ALLOWED_GROWTH = 80 * MEGABYTE;

interface Pass {
  readonly server: ServerProcess;
  readonly dice: Dice;
  readonly violations: Violations;
  readonly statuses: Map<number, number>;
}

async function sendMany(count: number, { server, dice, violations, statuses }: Pass): Promise<void> {
  let left = count;
  async function work(): Promise<void> {
    while (left > 0) {
      left -= 1;
      const request = oddRequest(dice, server.port);
      for (const status of await send(server.port, request)) {
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        if (status >= 500)
          violations.add(
            `${status} for ${request.pieces.map((piece) => piece.toString("latin1").slice(0, 300)).join("|")}`,
          );
      }
    }
  }
  await Promise.all(Array.from({ length: SENDERS }, work));
}

async function checkHealth({ server, violations }: Pass): Promise<number> {
  const began = performance.now();
  const response = await fetch(`${server.url}/healthz`);
  violations.expect(response.status === 200, `/healthz answered ${response.status}`);
  return performance.now() - began;
}

function checkLog({ server, violations }: Pass): void {
  violations.expect(!server.hasEnded, "the server has ended");
  violations.expect(server.errors === "", `standard error has: ${server.errors.slice(0, 2000)}`);
  for (const line of server.log) {
    if (line["event"] === "exception") violations.add(`exception: ${JSON.stringify(line).slice(0, 1000)}`);
    if (line["outcome"] === "error") violations.add(`error: ${JSON.stringify(line).slice(0, 1000)}`);
  }
}

// Whoever finds a request that makes a server throw, hang or grow can take it down for everybody. Parsers are the part
// of a server that strangers talk to first, so they are given everything a stranger could come up with.
describe("malformed requests", () => {
  it("get an answer below 500 and leave no trace in memory", { timeout: drillTimeout }, async () => {
    const dice = createDice();
    const violations = new Violations();
    const report = new Report("malformed requests");
    // The limits would answer most requests before any parser sees them. A leak would break the small heap.
    const environment = {
      GATEHOUSE_LIMITS_TRUSTED_CIDRS: "127.0.0.0/8",
      GATEHOUSE_LOG_FORMAT: "json",
      GATEHOUSE_LOG_LEVEL: "error",
    };
    await using server = await startServer({ environment, nodeFlags: ["--max-old-space-size=192"] });
    const pass: Pass = { server, dice, violations, statuses: new Map() };
    const total = sized(5_000, 100_000);
    let slowest = 0;
    let afterFirstThird = 0;
    for (let sent = 0; sent < total && !server.hasEnded; sent += CHUNK) {
      await sendMany(Math.min(CHUNK, total - sent), pass);
      slowest = Math.max(slowest, await checkHealth(pass));
      if (afterFirstThird === 0 && sent + CHUNK >= total / 3) afterFirstThird = server.residentMemory;
      report.progress(
        `${sent + CHUNK} sent, ${Math.round(server.residentMemory / MEGABYTE)} MB, ${violations.list.length} violations`,
      );
    }
    checkLog(pass);
    const growth = server.hasEnded ? 0 : server.residentMemory - afterFirstThird;
    violations.expect(
      growth < ALLOWED_GROWTH,
      `memory grew by ${Math.round(growth / MEGABYTE)} MB after the first third`,
    );
    violations.expect(slowest < 5_000, `/healthz took ${Math.round(slowest)} ms`);
    const counts = [...pass.statuses]
      .toSorted(([left], [right]) => left - right)
      .map(([status, count]) => `${status}: ${count}`);
    report.summary({
      sent: total,
      answers: counts.join(", "),
      "slowest /healthz, ms": Math.round(slowest),
      "memory after the first third, MB": Math.round(afterFirstThird / MEGABYTE),
      "growth since, MB": Math.round(growth / MEGABYTE),
      violations: violations.list.length,
      seed: dice.seed,
    });
    assert.deepEqual(violations.list.slice(0, 20), [], `seed ${dice.seed}`);
  });

  it("are turned away by the limits before long", { timeout: drillTimeout }, async () => {
    const dice = createDice();
    const violations = new Violations();
    await using server = await startServer({
      environment: { GATEHOUSE_LOG_FORMAT: "json", GATEHOUSE_LOG_LEVEL: "error" },
    });
    const pass: Pass = { server, dice, violations, statuses: new Map() };
    await sendMany(1_500, pass);
    await checkHealth(pass);
    checkLog(pass);
    assert.deepEqual(violations.list.slice(0, 20), [], `seed ${dice.seed}`);
    assert.ok((pass.statuses.get(403) ?? 0) + (pass.statuses.get(429) ?? 0) > 0);
  });
});
