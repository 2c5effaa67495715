import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { canonicalInput } from "./idempotency-input.ts";

describe("canonicalInput", () => {
  it("does not depend on the order of members or on members without a value", () => {
    assert.equal(canonicalInput({ a: 1, b: 2 }), canonicalInput({ b: 2, a: 1, c: undefined }));
  });

  it("tells apart what JSON confuses", () => {
    const values: unknown[] = [
      undefined,
      null,
      0,
      "0",
      0n,
      Number.NaN,
      Infinity,
      "NaN",
      [],
      {},
      [undefined],
      [null],
      new Date(0),
      new Date(1),
      new Date(Number.NaN),
      "1970-01-01T00:00:00.000Z",
      new Map([["a", 1]]),
      { a: 1 },
      new Set(["a"]),
      ["a"],
      new Uint8Array([1, 2]),
      [1, 2],
      new URL("https://a.example/"),
      "https://a.example/",
      { "\u0000date": "0" },
      { "\u0000\u0000date": "0" },
      "\ud800",
      "\udfff",
      "\\ud800",
      { "\u0000text": '"\\ud800"' },
      { "\ud800": 1 },
      { '\u0000name "\\ud800"': 1 },
      { toJSON: () => "\ud800" },
      new File(["abc"], "a.txt"),
      new File(["abcd"], "a.txt"),
      new File(["abc"], "b.txt"),
    ];
    const texts = values.map(canonicalInput);
    assert.equal(new Set(texts).size, values.length, JSON.stringify(texts));
  });

  it("gives equal texts to equal JSON values, and to no others", () => {
    const pair = fc.tuple(fc.jsonValue({ maxDepth: 3 }), fc.jsonValue({ maxDepth: 3 }));
    fc.assert(
      fc.property(pair, ([left, right]) => {
        const [a, b]: [unknown, unknown] = [JSON.parse(JSON.stringify(left)), JSON.parse(JSON.stringify(right))];
        assert.equal(canonicalInput(a) === canonicalInput(b), isDeepStrictEqual(a, b));
        assert.equal(canonicalInput(structuredClone(a)), canonicalInput(a));
      }),
    );
  });

  it("refuses an input that contains itself", () => {
    const cycle: Record<string, unknown> = {};
    cycle["self"] = [cycle];
    assert.throws(() => canonicalInput(cycle), TypeError);
    const shared = { x: 1 };
    assert.equal(canonicalInput([shared, shared]), '[{"x":1},{"x":1}]');
  });
});
