import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { ReplayWindow } from "./replay-window.ts";

describe("ReplayWindow", () => {
  it("admits each number once, in any order, as a set of all numbers would", () => {
    const number = fc.oneof(fc.integer({ min: 1, max: 20_000 }), fc.integer({ min: 1, max: 3 * 4_096 }));
    const near = fc.tuple(number, fc.array(fc.integer({ min: -200, max: 300 }), { maxLength: 300 }));
    fc.assert(
      fc.property(fc.array(near, { maxLength: 20 }), (groups) => {
        const window = new ReplayWindow();
        const seen = new Set<number>();
        let highest = 0;
        for (const [base, differences] of groups) {
          for (const difference of [0, ...differences]) {
            const next = Math.max(1, base + difference);
            const expected = !seen.has(next) && next > highest - 4_096;
            assert.equal(window.admit(next), expected, `${next} after ${highest}`);
            if (!expected) continue;
            seen.add(next);
            highest = Math.max(highest, next);
          }
        }
      }),
      { numRuns: 200 },
    );
  });
});
