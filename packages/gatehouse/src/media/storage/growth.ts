import type { StorageUse } from "../../kernel/ports/storage-log.ts";

const DAY = 86_400_000;
const FEWEST = 3;
/** Shorter observations say nothing about days. */
const SHORTEST = DAY / 4;

/**
 * Days until a target is full, if it goes on filling as it did: a straight line through its use (least squares).
 * `undefined` where it does not fill, or was not watched for long enough.
 */
export function daysToFull(uses: readonly StorageUse[]): number | undefined {
  const [first, last] = [uses[0], uses.at(-1)];
  if (first === undefined || last === undefined || uses.length < FEWEST || last.at - first.at < SHORTEST)
    return undefined;
  const days = uses.map(({ at }) => (at - first.at) / DAY);
  const used = uses.map((use) => use.used);
  const [middle, average] = [meanOf(days), meanOf(used)];
  const spread = sumOf(days.map((day) => (day - middle) ** 2));
  const slope = sumOf(days.map((day, index) => (day - middle) * ((used[index] ?? 0) - average))) / spread;
  // Growth below a byte a day is rounding.
  return slope < 1 ? undefined : Math.max(0, (last.total - last.used) / slope);
}

function sumOf(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function meanOf(values: readonly number[]): number {
  return sumOf(values) / values.length;
}
