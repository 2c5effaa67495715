import { randomFillSync } from "node:crypto";

/** Where randomness comes from. Nothing outside this file draws random bytes. */
export interface Random {
  /** `length` unpredictable bytes. */
  bytes(length: number): Uint8Array<ArrayBuffer>;
}

const POOL_BYTES = 4096;
/** Longer draws are made on their own. */
const LONGEST_POOLED = 128;

/**
 * The operating system's cryptographic generator. Short draws come from a pool, because drawing 16 bytes costs as much
 * as drawing thousands; what has been handed out is wiped from it.
 */
export const systemRandom: Random = createSystemRandom();

function createSystemRandom(): Random {
  const pool = new Uint8Array(POOL_BYTES);
  let used = POOL_BYTES;
  return {
    bytes(length) {
      if (length > LONGEST_POOLED) return randomFillSync(new Uint8Array(length));
      if (used + length > POOL_BYTES) {
        randomFillSync(pool);
        used = 0;
      }
      const bytes = pool.slice(used, used + length);
      pool.fill(0, used, (used += length));
      return bytes;
    },
  };
}
