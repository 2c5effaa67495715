import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { systemClock } from "../kernel/clock.ts";
import { requireConfig } from "../kernel/config.ts";
import { formatKeyMaterial, generateKeyMaterial } from "../kernel/key-material.ts";
import { systemRandom as random } from "../kernel/random.ts";
import { openGatehouse, type Gatehouse } from "./gatehouse.ts";

const DAY = 86_400_000;

function openIn(dataDirectory: string): Promise<Gatehouse> {
  const config = requireConfig({ file: { profile: "development", dataDirectory }, clock: systemClock });
  return openGatehouse({ config, clock: systemClock, random, log: "quiet" });
}

async function ask(gatehouse: Gatehouse, action: string, input: object = {}): Promise<Record<string, unknown>> {
  const outcome = await gatehouse.operate(action, input);
  assert.ok(outcome.ok);
  // Operations answer objects.
  return outcome.value as Record<string, unknown>;
}

async function remindersOf(gatehouse: Gatehouse): Promise<readonly unknown[]> {
  const { events } = await ask(gatehouse, "audit.list", { name: "key_rotation_due" });
  return events as readonly unknown[];
}

describe("openGatehouse with keys that have been in use for longer than a quarter", () => {
  it("says so in the trail, once however often it starts, in the list of keys and in its health", async () => {
    const directory = mkdtempSync(join(tmpdir(), "gatehouse-"));
    try {
      const made = systemClock.now() - 91 * DAY;
      const keys = formatKeyMaterial(generateKeyMaterial(random, { ...systemClock, now: () => made }));
      writeFileSync(join(directory, "keys.json"), keys, { mode: 0o600 });
      for (let start = 0; start < 2; start += 1) {
        await using gatehouse = await openIn(directory);
        let reminders = await remindersOf(gatehouse);
        for (; reminders.length === 0; reminders = await remindersOf(gatehouse)) await delay(50);
        assert.equal(reminders.length, 1);
        const context = { version: 1, days: 91, dueAt: new Date(made + 90 * DAY).toISOString() };
        assert.partialDeepStrictEqual(reminders, [{ name: "key_rotation_due", level: "warn", context }]);
        const rotation = { version: 1, dueAt: made + 90 * DAY, due: true };
        assert.partialDeepStrictEqual(await ask(gatehouse, "keys.list"), { rotation });
        assert.partialDeepStrictEqual(await ask(gatehouse, "store.health"), { keys: rotation });
        if (start === 0) continue;
        await ask(gatehouse, "keys.rotate", { minutes: 0 });
        assert.partialDeepStrictEqual(await ask(gatehouse, "keys.list"), { rotation: { version: 2, due: false } });
      }
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});
