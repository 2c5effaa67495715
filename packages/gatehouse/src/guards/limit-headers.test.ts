import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { parseList } from "structured-headers";

import type { LimitState } from "../kernel/ports/counters.ts";
import { limitHeaders } from "./limit-headers.ts";

const NOW = 1_767_225_600_400;
const open: LimitState = {
  policy: "pay",
  limit: 5,
  window: 300_000,
  remaining: 4,
  resetAt: NOW + 300_000,
  retryAfter: 0,
};
const wide: LimitState = {
  policy: "ip",
  limit: 60,
  window: 60_000,
  remaining: 59,
  resetAt: NOW + 60_000,
  retryAfter: 0,
};

describe("limitHeaders", () => {
  it("tells of the limit with the least left, and of all in the fields of the IETF draft", () => {
    assert.deepEqual(limitHeaders([wide, open], NOW), {
      "x-ratelimit-limit": "5",
      "x-ratelimit-remaining": "4",
      "x-ratelimit-reset": String(Math.ceil((NOW + 300_000) / 1000)),
      "ratelimit-policy": '"ip";q=60;w=60, "pay";q=5;w=300',
      ratelimit: '"ip";r=59;t=60, "pay";r=4;t=300',
    });
  });

  it("tells of the limit that refuses longest, with whole seconds that are never too early", () => {
    const refused = { ...open, remaining: 0, retryAfter: 44_001, resetAt: NOW + 44_001 };
    const headers = limitHeaders([{ ...wide, remaining: 0, retryAfter: 20, resetAt: NOW + 20 }, refused], NOW);
    assert.equal(headers["retry-after"], "45");
    assert.equal(headers["x-ratelimit-limit"], "5");
    assert.equal(headers["x-ratelimit-reset"], String(Math.ceil((NOW + 44_001) / 1000)));
    assert.equal(headers["ratelimit"], '"ip";r=0;t=1, "pay";r=0;t=45');
  });

  it("has nothing to tell without limits", () => {
    assert.deepEqual(limitHeaders([], NOW), {});
  });

  it("writes fields that a parser of structured fields reads back", () => {
    const state = fc.record({
      policy: fc.string({
        unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCodePoint(code)),
        minLength: 1,
      }),
      limit: fc.nat(),
      window: fc.integer({ min: 1, max: 10 ** 10 }),
      remaining: fc.nat(),
      resetAt: fc.integer({ min: NOW, max: NOW + 10 ** 9 }),
      retryAfter: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 10 ** 9 })),
    });
    fc.assert(
      fc.property(fc.array(state, { minLength: 1, maxLength: 5 }), (states) => {
        const headers = limitHeaders(states, NOW);
        const policies = parseList(headers["ratelimit-policy"] ?? "");
        const limits = parseList(headers["ratelimit"] ?? "");
        for (const [index, { policy, limit, window, remaining, retryAfter }] of states.entries()) {
          assert.deepEqual(policies[index], [
            policy,
            new Map([
              ["q", limit],
              ["w", Math.ceil(window / 1000)],
            ]),
          ]);
          assert.equal(limits[index]?.[0], policy);
          assert.equal(limits[index]?.[1].get("r"), remaining);
          if (retryAfter > 0) assert.equal(limits[index]?.[1].get("t"), Math.ceil(retryAfter / 1000));
        }
      }),
    );
  });
});
