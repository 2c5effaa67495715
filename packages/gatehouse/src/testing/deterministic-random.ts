import { createHash } from "node:crypto";
import type { Random } from "../kernel/random.ts";

/**
 * A source of bytes that look random and are the same on every run: SHA-256 over seed and counter. For
 * tests alone; whoever knows the seed knows the bytes.
 */
export function createDeterministicRandom(seed: string = "gatehouse"): Random {
  let counter = 0;
  return {
    bytes(length) {
      const bytes = new Uint8Array(length);
      for (let offset = 0; offset < length; offset += 32) {
        counter += 1;
        const block = createHash("sha256").update(`${seed} ${counter}`).digest();
        bytes.set(block.subarray(0, Math.min(32, length - offset)), offset);
      }
      return bytes;
    },
  };
}
