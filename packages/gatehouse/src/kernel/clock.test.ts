import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { systemClock } from "./clock.ts";

describe("systemClock", () => {
  it("tells wall-clock time in epoch milliseconds", () => {
    const before = Date.now();
    const now = systemClock.now();
    assert.ok(now >= before && now <= Date.now());
  });

  it("measures durations that never go backwards", async () => {
    let last = systemClock.monotonic();
    const start = last;
    for (let reading = 0; reading < 1000; reading += 1) {
      const next = systemClock.monotonic();
      assert.ok(next >= last);
      last = next;
    }
    await sleep(20);
    assert.ok(systemClock.monotonic() - start >= 19);
  });
});
