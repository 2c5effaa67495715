import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { describe, it } from "node:test";
import fc from "fast-check";
import { lengthPrefixed } from "./codec.ts";
import { createMac } from "./mac.ts";

const key = fc.uint8Array({ maxLength: 64 });
const part = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({ unit: "grapheme" }),
  fc.uint8Array({ maxLength: 300 }),
);

describe("createMac", () => {
  it("agrees with the HMAC of node:crypto over the joined parts", () => {
    fc.assert(
      fc.property(
        key,
        fc.array(fc.array(part, { maxLength: 5 }), { minLength: 1, maxLength: 4 }),
        (bytes, messages) => {
          const mac = createMac(bytes);
          for (const parts of messages) {
            const expected = createHmac("sha256", bytes).update(lengthPrefixed(parts)).digest();
            assert.deepEqual(mac(...parts), expected);
          }
        },
      ),
    );
  });

  it("keeps earlier answers as they were", () => {
    const mac = createMac(new Uint8Array(32));
    const first = mac("a");
    const copy = Buffer.from(first);
    mac("b");
    assert.deepEqual(first, copy);
  });

  it("does not change the key it is given, nor notice later changes of it", () => {
    const bytes = new Uint8Array(32).fill(7);
    const mac = createMac(bytes);
    const before = mac("message");
    assert.deepEqual(bytes, new Uint8Array(32).fill(7));
    bytes.fill(0);
    assert.deepEqual(mac("message"), before);
  });

  it("refuses keys that HMAC would have to hash first", () => {
    assert.throws(() => createMac(new Uint8Array(65)), RangeError);
  });
});
