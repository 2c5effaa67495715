import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { parseItem, serializeItem } from "structured-headers";
import { parseIdempotencyKey } from "./idempotency-key.ts";

describe("parseIdempotencyKey", () => {
  it("takes visible ASCII as it is", () => {
    for (const key of ["a", "8e03978e-40d5-43dd-bc93-6894a57f9324", "order-1/~!*'();:@&=+$,?", "x".repeat(255)]) {
      assert.equal(parseIdempotencyKey(key), key);
    }
  });

  it("takes the quoted string of a structured field, and makes it the same key", () => {
    assert.equal(parseIdempotencyKey('"8e03978e"'), "8e03978e");
    assert.equal(parseIdempotencyKey('"a\\"b\\\\c"'), 'a"b\\c');
  });

  it("refuses everything else", () => {
    const refused = ["", " ", "a b", "a, a", "ü", "a\u0000", "a\n", "x".repeat(256), '"', '""', '"a', '"a"b', '"a b"'];
    for (const text of [...refused, '"a";p=1', '"a\\b"', `"${"x".repeat(256)}"`]) {
      assert.equal(parseIdempotencyKey(text), undefined, JSON.stringify(text));
    }
  });

  it("agrees with another parser of structured fields on quoted strings", () => {
    const visible = fc.string({ unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)) });
    fc.assert(
      fc.property(visible, (key) => {
        fc.pre(key.length >= 1 && key.length <= 255);
        const quoted = serializeItem([key, new Map()]);
        assert.equal(parseIdempotencyKey(quoted), parseItem(quoted)[0]);
      }),
    );
  });

  it("answers with visible ASCII of bounded length or nothing, whatever it is given", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string({ unit: "binary" }),
          fc.string().map((text) => `"${text}"`),
        ),
        (text) => {
          const key = parseIdempotencyKey(text);
          assert.ok(key === undefined || /^[\x21-\x7e]{1,255}$/.test(key));
        },
      ),
    );
  });
});
