import { BUCKET } from "./usage.ts";

const HOUR = 3_600_000;
const WEEK = 7 * 24 * HOUR;
/** Weeks of which there must be a bucket before they tell what is usual. */
const LEAST_WEEKS = 3;
/** Median absolute deviations above the median. */
const DEVIATIONS = 6;
/** Times the mean of the hour before, where there are no weeks to compare with. */
const HOURLY_FACTOR = 4;

/** How much happened in the bucket that began at `start`. */
export interface BucketHits {
  readonly start: number;
  readonly hits: number;
}

/**
 * Above how many hits a bucket is a spike: the median and six median absolute deviations of the buckets at the same time
 * of the same weekday, or, while there are fewer than three of them, four times the mean of the hour before; and never
 * less than the floor. Buckets without a row had no hits: `since` is when the counting began.
 */
export function spikeThreshold(
  history: readonly BucketHits[],
  { start, since, floor }: { readonly start: number; readonly since: number; readonly floor: number },
): number {
  const hits = new Map(history.map((bucket) => [bucket.start, bucket.hits]));
  const weekly: number[] = [];
  for (let at = start - WEEK; at >= since; at -= WEEK) weekly.push(hits.get(at) ?? 0);
  if (weekly.length >= LEAST_WEEKS) return Math.max(floor, median(weekly) + DEVIATIONS * deviation(weekly));
  let total = 0;
  for (let at = start - HOUR; at < start; at += BUCKET) total += hits.get(at) ?? 0;
  return Math.max(floor, (HOURLY_FACTOR * total) / (HOUR / BUCKET));
}

function deviation(values: readonly number[]): number {
  const middle = median(values);
  return median(values.map((value) => Math.abs(value - middle)));
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  const half = sorted.length >> 1;
  const [below = 0, above = 0] = [sorted[half - 1], sorted[half]];
  return sorted.length % 2 === 1 ? above : (below + above) / 2;
}
