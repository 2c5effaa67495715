// Whoever can make the counters' store stumble must not thereby take every server out of service: a balancer that
// asks `/readyz` would drop them all at once, although limits are counted locally meanwhile.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { systemClock } from "../kernel/clock.ts";
import { requireConfig } from "../kernel/config.ts";
import { systemRandom } from "../kernel/random.ts";
import { skipWithout, startOwnValkey } from "../testing/services.ts";
import { openGatehouse, type Gatehouse } from "./gatehouse.ts";

async function openWith(valkeyUrl: string, settings: { directory: string; onFailure: string }): Promise<Gatehouse> {
  const counters = { engine: "valkey", valkeyUrl, onFailure: settings.onFailure };
  const file = { profile: "development", dataDirectory: settings.directory, counters };
  const config = requireConfig({ file, clock: systemClock });
  return openGatehouse({ config, clock: systemClock, random: systemRandom, log: "quiet" });
}

describe("openGatehouse, health()", { skip: await skipWithout("valkey") }, () => {
  for (const [onFailure, expected] of [
    ["local", "degraded"],
    ["deny", "down"],
  ] as const) {
    it(`calls counters that are away ${expected} when they fail to ${onFailure}`, async () => {
      const directory = mkdtempSync(join(tmpdir(), "gatehouse-"));
      await using valkey = await startOwnValkey();
      try {
        await using gatehouse = await openWith(valkey.url, { directory, onFailure });
        const states = async () => (await gatehouse.health()).map(({ name, state }) => [name, state]);
        assert.deepEqual(await states(), [
          ["sqlite", "up"],
          ["valkey", "up"],
        ]);
        await valkey.process.stop("crash");
        assert.deepEqual(await states(), [
          ["sqlite", "up"],
          ["valkey", expected],
        ]);
      } finally {
        rmSync(directory, { recursive: true, force: true });
      }
    });
  }
});
