import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { parseUrlencoded } from "./form-body.ts";

function fieldsOf(text: string): Readonly<Record<string, string | readonly string[]>> {
  const answer = parseUrlencoded(text);
  assert.ok(answer.ok);
  return answer.fields;
}

describe("parseUrlencoded", () => {
  it("agrees with URLSearchParams on what browsers send", () => {
    const name = fc
      .string({ minLength: 1, unit: "grapheme" })
      .filter((text) => text !== "__proto__" && !text.includes("\0"));
    const value = fc.string({ unit: "grapheme" }).filter((text) => !text.includes("\0"));
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(name, value), { maxLength: 8, selector: ([key]) => key }), (pairs) => {
        assert.deepEqual({ ...fieldsOf(new URLSearchParams(pairs).toString()) }, Object.fromEntries(pairs));
      }),
    );
  });

  // Parameter pollution: one reader takes the first of two values, another the last. Both stay visible, so
  // a schema that expects one text refuses the request.
  it("keeps repeated names apart from single ones", () => {
    assert.deepEqual({ ...fieldsOf("to=alice&to=mallory&x=1") }, { to: ["alice", "mallory"], x: "1" });
  });

  it("refuses broken encodings, NUL, reserved names and floods", () => {
    for (const text of ["a=%", "a=%zz", "a=%ff", "a=%00", "%00=a", "__proto__=1", "a&".repeat(201)]) {
      assert.ok(!parseUrlencoded(text).ok, text.slice(0, 20));
    }
  });

  it("never throws", () => {
    fc.assert(
      fc.property(fc.string(), (text) => void parseUrlencoded(text)),
      { numRuns: 2_000 },
    );
  });
});
