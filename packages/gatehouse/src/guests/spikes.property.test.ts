import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { spikeThreshold, type BucketHits } from "./spikes.ts";
import { BUCKET } from "./usage.ts";

const WEEK = 7 * 86_400_000;
const NOW = 1_800_000_000_000 - (1_800_000_000_000 % BUCKET);

/** The rule as it is written down, slowly: all values of all weeks, each looked for in the whole history. */
function reference(history: readonly BucketHits[], since: number, floor: number): number {
  const at = (start: number) => history.findLast((bucket) => bucket.start === start)?.hits ?? 0;
  const middle = (values: number[]): number => {
    const sorted = [...values].sort((left, right) => left - right);
    const lower = sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
    const upper = sorted[Math.ceil((sorted.length - 1) / 2)] ?? 0;
    return (lower + upper) / 2;
  };
  const weeks = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((count) => NOW - count * WEEK).filter((start) => start >= since);
  if (weeks.length >= 3) {
    const values = weeks.map(at);
    const median = middle(values);
    const deviation = middle(values.map((value) => Math.abs(value - median)));
    return Math.max(floor, median + 6 * deviation);
  }
  const hour = Array.from({ length: 12 }, (_, index) => at(NOW - (index + 1) * BUCKET));
  return Math.max(floor, 4 * (hour.reduce((sum, value) => sum + value, 0) / 12));
}

const places = fc.oneof(
  fc.integer({ min: 1, max: 12 }).map((count) => NOW - count * BUCKET),
  fc.integer({ min: 1, max: 10 }).map((count) => NOW - count * WEEK),
  fc.integer({ min: 1, max: 2000 }).map((count) => NOW - count * BUCKET),
);
const history = fc.uniqueArray(fc.record({ start: places, hits: fc.nat(5000) }), { selector: ({ start }) => start });
const ages = fc.integer({ min: 0, max: 10 * WEEK });

describe("what counts as a spike", () => {
  it("is what the rule says, on any history", () => {
    fc.assert(
      fc.property(history, ages, fc.nat(200), (buckets, age, floor) => {
        const since = NOW - age;
        const expected = reference(buckets, since, floor);
        assert.ok(Math.abs(spikeThreshold(buckets, { start: NOW, since, floor }) - expected) < 1e-9);
      }),
      { numRuns: 500 },
    );
  });

  it("is never below the floor, and does not change when all is moved by a week", () => {
    fc.assert(
      fc.property(history, ages, fc.nat(200), (buckets, age, floor) => {
        const threshold = spikeThreshold(buckets, { start: NOW, since: NOW - age, floor });
        assert.ok(threshold >= floor);
        const moved = buckets.map(({ start, hits }) => ({ start: start + WEEK, hits }));
        assert.equal(spikeThreshold(moved, { start: NOW + WEEK, since: NOW + WEEK - age, floor }), threshold);
      }),
    );
  });

  it("goes by the same time of other weeks, where a quiet hour before would make an evening a spike", () => {
    const evenings = [1, 2, 3, 4].map((week) => ({ start: NOW - week * WEEK, hits: 100 + week }));
    const options = { start: NOW, floor: 10 };
    assert.equal(spikeThreshold(evenings, { ...options, since: NOW - 5 * WEEK }), 102 + 6);
    assert.equal(spikeThreshold(evenings, { ...options, since: NOW - WEEK }), 10);
  });
});
