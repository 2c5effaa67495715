import type { Random } from "../../kernel/random.ts";

const RANGE = 2 ** 32;

/** A duration with up to `part` of it added or taken off by chance, so that many servers do not act at the same moment. */
export function spread(random: Random, milliseconds: number, part: number): number {
  const bytes = random.bytes(4);
  const fraction = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) / RANGE;
  return Math.round(milliseconds * (1 - part + 2 * part * fraction));
}
