import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { NewsLog } from "./news-log.ts";

const KEYS = ["a", "b", "c", "d", "e"];

describe("NewsLog", () => {
  it("never leaves out what became stale after a position or a time, and tells nothing that did not", () => {
    const happening = fc.oneof(
      { weight: 20, arbitrary: fc.constantFrom(...KEYS) },
      { weight: 1, arbitrary: fc.constant("reset" as const) },
    );
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 60 }), fc.integer({ min: 1, max: 5 }), (happenings, size) => {
        let epoch = 0;
        const log = new NewsLog({ size, newEpoch: () => String((epoch += 1)), now: 0 });
        const points = [{ position: log.position, at: 0, index: 0 }];
        let resetAt = 0;
        for (const [index, happened] of happenings.entries()) {
          const now = index + 1;
          if (happened === "reset") {
            log.reset(now);
            resetAt = index + 1;
          } else log.append(happened, now);
          points.push({ position: log.position, at: now + 1, index: index + 1 });
        }
        for (const { position, at, index } of points) {
          const later = new Set(happenings.slice(index));
          for (const isStale of [log.after(position), log.since(at)]) {
            if (index < resetAt) assert.equal(isStale, undefined);
            for (const key of KEYS) if (isStale !== undefined) assert.equal(isStale(key), later.has(key));
          }
          // With room for every key, nothing since the last reset is ever forgotten.
          if (size >= KEYS.length && index >= resetAt) assert.ok(log.after(position));
        }
      }),
    );
  });

  it("knows no positions but its own", () => {
    const log = new NewsLog({ size: 10, newEpoch: () => "epoch", now: 0 });
    log.append("a", 1);
    assert.equal(log.position, "epoch.1");
    for (const position of ["", "epoch", "epoch.2", "epoch.-1", "epoch.1.1", "other.1", "epoch.1\n", "epoch.1e0"])
      assert.equal(log.after(position), undefined, position);
  });
});
