import { randomFillSync } from "node:crypto";

/** Where randomness comes from. Nothing outside this file draws random bytes. */
export interface Random {
  /** `length` unpredictable bytes. */
  bytes(length: number): Uint8Array<ArrayBuffer>;
}

/** The operating system's cryptographic generator. */
export const systemRandom: Random = {
  bytes: (length) => randomFillSync(new Uint8Array(length)),
};
