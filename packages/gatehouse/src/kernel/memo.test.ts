import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Memo, ownText } from "./memo.ts";

/** Bytes in use once everything is collected that nobody can reach. */
function heapInUse(): number {
  setFlagsFromString("--expose-gc");
  const collect: () => void = runInNewContext("gc");
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}

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

  // A client sends genuine cookies, each in a header filled up with 15 KB of nothing. What is remembered of them must
  // be the cookies: not 60 MB of headers, for as long as the server runs.
  it("does not keep the headers alive that its texts were cut out of", () => {
    const memo = new Memo<number>(4_000);
    const before = heapInUse();
    for (let index = 0; index < 4_000; index += 1) {
      const cookie = `cookie-of-visitor-${String(index).padStart(20, "0")}`;
      const header = Buffer.from(`${"x".repeat(15_000)}${cookie}`).toString("latin1");
      memo.set(header.slice(15_000), index);
    }
    const grown = heapInUse() - before;
    assert.ok(grown < 20_000_000, `${grown} bytes are held`);
    assert.equal(memo.get("cookie-of-visitor-00000000000000003999"), 3_999);
  });

  it("does not remember texts of any length", () => {
    const memo = new Memo<number>(10);
    memo.set("x".repeat(1_025), 1);
    memo.set("x".repeat(1_024), 2);
    assert.equal(memo.get("x".repeat(1_025)), undefined);
    assert.equal(memo.get("x".repeat(1_024)), 2);
  });
});

describe("ownText", () => {
  it("is the same text", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => ownText(text) === text));
    for (const text of ["", "\ud800", "a\udfffb", "\u0000é€😀"]) assert.equal(ownText(text), text);
  });
});
