import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ConnectionSettings } from "../../realtime/connection/parts.ts";
import { createFakeClock } from "../../testing/fake-clock.ts";
import { TEST_SETTINGS } from "../../testing/realtime-kit.ts";
import { resolveConfig } from "../config.ts";

function faults(connection: object): readonly string[] {
  const result = resolveConfig({
    file: { realtime: { connection } },
    profile: "development",
    clock: createFakeClock(),
  });
  return result.ok ? [] : result.faults.map(({ path }) => path);
}

describe("settings of realtime connections", () => {
  it("are the bounds that connections are tested with", () => {
    const result = resolveConfig({ file: {}, profile: "development", clock: createFakeClock() });
    if (!result.ok) throw new Error("The defaults are refused.");
    const { connection, drainSpread } = result.config.realtime;
    const settings: ConnectionSettings = { ...connection, drainSpread };
    assert.deepEqual(settings, TEST_SETTINGS);
  });

  it("cannot contradict each other", () => {
    assert.deepEqual(faults({ queueSoft: "2MiB" }), ["realtime.connection.queueSoft"]);
    assert.deepEqual(faults({ pong: "30s" }), ["realtime.connection.pong"]);
    assert.deepEqual(faults({ largestFrame: "512KiB" }), ["realtime.connection.queueHard"]);
  });
});
