import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { systemRandom } from "./random.ts";

describe("systemRandom", () => {
  it("gives as many bytes as asked for, in memory of their own", () => {
    for (const length of [0, 1, 24, 32, 4096]) {
      const bytes = systemRandom.bytes(length);
      assert.equal(bytes.length, length);
      assert.equal(bytes.buffer.byteLength, length);
    }
  });

  it("gives other bytes every time, with all bits in use", () => {
    const seen = new Set<string>();
    const ones = new Array<number>(256).fill(0);
    for (let draw = 0; draw < 1000; draw += 1) {
      const bytes = systemRandom.bytes(32);
      seen.add(Buffer.from(bytes).toString("hex"));
      for (const [index, byte] of bytes.entries()) {
        for (let bit = 0; bit < 8; bit += 1) ones[index * 8 + bit] = (ones[index * 8 + bit] ?? 0) + ((byte >> bit) & 1);
      }
    }
    assert.equal(seen.size, 1000);
    // 1000 fair coins: six standard deviations are 95.
    for (const count of ones) assert.ok(Math.abs(count - 500) < 95, String(count));
  });
});
