import type { Random } from "../kernel/random.ts";

const FIRST = 50;
const BYTE = 256;

/** Milliseconds to wait before reconnect number `attempt` (from 1): doubling up to `limit`, a random half of it taken off. */
export function reconnectDelay(attempt: number, limit: number, random: Random): number {
  const full = Math.min(limit, FIRST * 2 ** Math.min(attempt - 1, 20));
  const share = (random.bytes(1)[0] ?? 0) / BYTE;
  return Math.ceil(full * (1 - share / 2));
}
