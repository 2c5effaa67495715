// What the servers tell each other through Valkey may be lost; what they are may not depend on it. A server that dies
// while Valkey is away must be able to come back, and a key that leaked must be replaceable at any time.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { systemClock } from "../kernel/clock.ts";
import { requireConfig } from "../kernel/config.ts";
import { systemRandom } from "../kernel/random.ts";
import { freePort } from "../testing/service-process.ts";
import { openGatehouse } from "./gatehouse.ts";

describe("openGatehouse, while the bus is away", () => {
  it("starts, bans, and makes a new key current", async () => {
    const directory = mkdtempSync(join(tmpdir(), "gatehouse-"));
    try {
      const counters = { engine: "valkey", valkeyUrl: `redis://127.0.0.1:${await freePort()}` };
      const file = { profile: "development", dataDirectory: directory, counters };
      const config = requireConfig({ file, clock: systemClock });
      const options = { config, clock: systemClock, random: systemRandom, log: "quiet" } as const;
      await using gatehouse = await openGatehouse(options);
      const ban = { kind: "ip", value: "192.0.2.7", minutes: 5, reason: "attack" };
      assert.equal((await gatehouse.operate("bans.add", ban)).ok, true);
      assert.ok(gatehouse.services.bans.find([{ kind: "ip", value: "192.0.2.7" }], "http"));
      const before = gatehouse.services.keyRing.current("test").id;
      assert.equal((await gatehouse.operate("keys.rotate", { minutes: 0 })).ok, true);
      assert.notEqual(gatehouse.services.keyRing.current("test").id, before);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});
