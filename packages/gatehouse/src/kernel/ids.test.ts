import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { Clock } from "./clock.ts";
import { createIds, isUuid } from "./ids.ts";
import { systemRandom } from "./random.ts";

/** A clock that shows the given readings one after the other, and then stays. */
function clockOf(readings: readonly number[]): Clock {
  let index = 0;
  return { now: () => readings[Math.min(index++, readings.length - 1)] ?? 0, monotonic: () => 0 };
}

describe("createIds", () => {
  it("makes UUIDv7 with the time in front", () => {
    const now = Date.UTC(2027, 0, 1);
    const id = createIds(clockOf([now]), systemRandom).next();
    assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.equal(Number.parseInt(id.replaceAll("-", "").slice(0, 12), 16), now);
  });

  it("only ever grows, whatever the clock does", () => {
    const steps = fc.array(fc.integer({ min: -50, max: 3 }), { minLength: 1, maxLength: 300 });
    fc.assert(
      fc.property(steps, (changes) => {
        let now = 1_800_000_000_000;
        const ids = createIds(clockOf(changes.map((change) => (now += change))), systemRandom);
        let last = "";
        for (let count = 0; count < changes.length + 10; count += 1) {
          const id = ids.next();
          assert.ok(isUuid(id) && id > last, `${last} then ${id}`);
          last = id;
        }
      }),
    );
  });

  it("makes more than a millisecond's worth without repeating or falling behind", () => {
    const ids = createIds(clockOf([1_800_000_000_000]), systemRandom);
    const made = Array.from({ length: 20_000 }, () => ids.next());
    assert.equal(new Set(made).size, made.length);
    assert.deepEqual(made, made.toSorted());
  });

  it("leaves 70 random bits to each", () => {
    const ids = createIds(clockOf([1_800_000_000_000]), systemRandom);
    const tails = new Set(Array.from({ length: 5000 }, () => ids.next().slice(19)));
    assert.equal(tails.size, 5000);
  });
});

describe("isUuid", () => {
  it("takes the canonical form alone", () => {
    assert.ok(isUuid("01890a5d-ac96-774b-bcce-b302099a8057"));
    for (const text of [
      "",
      "01890A5D-AC96-774B-BCCE-B302099A8057",
      "01890a5dac96774bbcceb302099a8057",
      "{01890a5d-ac96-774b-bcce-b302099a8057}",
      "01890a5d-ac96-774b-bcce-b302099a8057\n",
      "01890a5d-ac96-974b-bcce-b302099a8057",
      "01890a5d-ac96-774b-ccce-b302099a8057",
    ]) {
      assert.equal(isUuid(text), false, text);
    }
  });
});
