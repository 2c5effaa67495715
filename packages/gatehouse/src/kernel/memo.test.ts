import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { Memo } from "./memo.ts";

describe("Memo", () => {
  it("answers what was set last, or nothing", () => {
    const operations = fc.array(fc.tuple(fc.constantFrom("a", "b", "c", "d", "e", "f", "__proto__"), fc.nat()));
    fc.assert(
      fc.property(operations, fc.integer({ min: 1, max: 8 }), (steps, capacity) => {
        const memo = new Memo<number>(capacity);
        const last = new Map<string, number>();
        for (const [text, value] of steps) {
          const known = memo.get(text);
          assert.ok(known === undefined || known === last.get(text));
          memo.set(text, value);
          last.set(text, value);
          assert.equal(memo.get(text), value);
        }
      }),
    );
  });

  it("keeps what is asked for while others come and go, and holds no more than it may", () => {
    const memo = new Memo<number>(100);
    memo.set("regular", 1);
    for (let index = 0; index < 10_000; index += 1) {
      memo.set(`passer-by ${index}`, index);
      assert.equal(memo.get("regular"), 1);
    }
    const remembered = Array.from({ length: 10_000 }, (_, index) => memo.get(`passer-by ${index}`));
    assert.ok(remembered.filter((value) => value !== undefined).length <= 100);
  });
});
