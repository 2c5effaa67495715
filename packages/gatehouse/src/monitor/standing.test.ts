import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { MonitorRun } from "./monitor.ts";
import { afterRun, changeOf, UNKNOWN, type Standing } from "./standing.ts";

const runAt = (at: number, well: boolean): MonitorRun => ({
  ...{ at, duration: 1, steps: [] },
  ...(well ? {} : { failed: { step: "join", reason: "refused" } }),
});

describe("how a monitor stands", () => {
  it("goes down after as many failures in a row as are wanted, tells of it once, and of the recovery once", () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 200 }), fc.integer({ min: 1, max: 5 }), (results, alertAfter) => {
        let standing: Standing = UNKNOWN;
        const told: string[] = [];
        // The rule as it is written down: a run of failures that is long enough is one outage.
        const expected: string[] = [];
        let failures = 0;
        let isDown = false;
        for (const [at, well] of results.entries()) {
          const after = afterRun(standing, runAt(at, well), alertAfter);
          const change = changeOf(standing, after);
          if (change !== undefined) told.push(`${at} ${change}`);
          standing = after;
          failures = well ? 0 : failures + 1;
          if (!isDown && failures === alertAfter) expected.push(`${at} down`);
          if (isDown && well) expected.push(`${at} recovered`);
          isDown = failures >= alertAfter;
          assert.equal(standing.state, well ? "up" : isDown ? "down" : "failing");
          assert.equal(standing.failures, failures);
        }
        assert.deepEqual(told, expected);
        assert.ok(standing.runs.length <= 48);
        assert.deepEqual(
          standing.runs.map(({ at }) => at),
          results
            .map((_well, at) => at)
            .toReversed()
            .slice(0, 48),
        );
      }),
    );
  });

  it("says since when", () => {
    const runs = [true, true, false, false, false, true];
    const since: number[] = [];
    runs.reduce((standing, well, at) => {
      const after = afterRun(standing, runAt(at, well), 2);
      since.push(after.since);
      return after;
    }, UNKNOWN);
    assert.deepEqual(since, [0, 0, 2, 3, 3, 5]);
  });
});
