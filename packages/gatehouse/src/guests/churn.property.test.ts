import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { judgeChurn } from "./churn.ts";

const counts = fc
  .record({ ended: fc.nat(12), hits: fc.nat(400), share: fc.double({ min: 0, max: 1, noNaN: true }) })
  .map(({ ended, hits, share }) => ({ ended, hits, hitsOnEnded: Math.floor(hits * share) }));

describe("tokens that end too soon", () => {
  it("are an alert from five on, or where more than three of ten hits are on ended ones", () => {
    fc.assert(
      fc.property(counts, ({ ended, hits, hitsOnEnded }) => {
        // In whole numbers, without a division.
        const many = hits >= 20 && hitsOnEnded * 10 > hits * 3;
        assert.equal(judgeChurn({ ended, hits, hitsOnEnded }) === "alert", ended >= 5 || many);
      }),
      { numRuns: 1000 },
    );
  });

  it("are never calm with more of both than what is an alert", () => {
    fc.assert(
      fc.property(counts, fc.nat(5), (before, more) => {
        const order = ["calm", "between", "alert"];
        const worse = { ...before, ended: before.ended + more };
        assert.ok(order.indexOf(judgeChurn(worse)) >= order.indexOf(judgeChurn(before)));
      }),
    );
  });
});
