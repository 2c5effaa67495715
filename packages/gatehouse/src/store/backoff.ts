import type { Random } from "../kernel/random.ts";

/** How pauses between attempts grow. */
export interface Backoff {
  /** Milliseconds before the second attempt. */
  readonly first: number;
  /** Longest pause in milliseconds. */
  readonly limit: number;
  readonly random: Random;
}

const BYTE = 256;
const LARGEST_EXPONENT = 20;

/** Milliseconds to pause after failed attempt number `attempt` (from 1): doubling up to a limit, a random half taken off. */
export function pauseAfter(attempt: number, { first, limit, random }: Backoff): number {
  const full = Math.min(limit, first * 2 ** Math.min(attempt - 1, LARGEST_EXPONENT));
  const share = (random.bytes(1)[0] ?? 0) / BYTE;
  return full * (1 - share / 2);
}
