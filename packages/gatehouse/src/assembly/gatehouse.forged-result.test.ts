// Whoever can write to the store puts an unsealed result of their own into an idempotency record, while a migration
// accepts unsealed state elsewhere. A retry under the record's key must not be answered with the forged result.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { z } from "zod";
import { defineAction } from "../kernel/action.ts";
import { systemClock } from "../kernel/clock.ts";
import { requireConfig, type Config } from "../kernel/config.ts";
import { systemRandom } from "../kernel/random.ts";
import { openGatehouse } from "./gatehouse.ts";
import { operatorAttempt } from "./operator-attempt.ts";

const pay = defineAction({
  name: "money.pay",
  entrances: ["job"],
  input: z.strictObject({}),
  effects: "store",
  authorise: "public",
  run: async () => ({ paid: 1 }),
});

function configFor(dataDirectory: string): Config {
  const tomorrow = new Date(systemClock.now() + 86_400_000).toISOString();
  const file = { profile: "development", dataDirectory, seal: { plaintextUntil: tomorrow } };
  return requireConfig({ file, clock: systemClock });
}

describe("openGatehouse, with unsealed state accepted for a migration", () => {
  it("does not answer with a forged result", async () => {
    const directory = mkdtempSync(join(tmpdir(), "gatehouse-"));
    try {
      await using gatehouse = await openGatehouse({
        config: configFor(directory),
        application: { open: () => ({ actions: [pay] }) },
        clock: systemClock,
        random: systemRandom,
        log: "quiet",
      });
      const { services, gate } = gatehouse;
      const attempt = () => ({
        ...operatorAttempt(services, { action: "money.pay", input: {} }),
        idempotencyKey: "once",
      });
      const first = await gate.attempt(attempt());
      assert.deepEqual(first.ok && first.value, { paid: 1 });
      const forge = 'UPDATE idempotency_records SET body = \'{"value":{"paid":1000000}}\'';
      await services.store.write((transaction) => transaction.execute({ sqlite: forge, postgres: forge }, []));
      const replay = await gate.attempt(attempt());
      assert.equal(replay.ok, false);
      assert.doesNotMatch(JSON.stringify(replay), /1000000/);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});
