import type { LimitRule } from "../ports/counters.ts";
import { bucketScale } from "./bucket.ts";

const LONGEST_WINDOW = 366 * 24 * 60 * 60 * 1000;
const LARGEST_LIMIT = 2 ** 40;

/** What is wrong with a rule, in words for whoever wrote it; empty when nothing is. */
export function checkRule(rule: LimitRule): readonly string[] {
  const faults: string[] = [];
  if (!isInteger(rule.limit, 0, LARGEST_LIMIT)) faults.push("limit must be a whole number, 0 or more");
  if (!isInteger(rule.window, 1, LONGEST_WINDOW)) {
    faults.push("window must be whole milliseconds, from 1 to those of 366 days");
  }
  if (rule.kind === "bucket" && !isInteger(rule.burst, 1, LARGEST_LIMIT)) {
    faults.push("burst must be a whole number, 1 or more");
  }
  if (faults.length === 0 && rule.kind === "bucket") {
    try {
      bucketScale(rule);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      faults.push(error.message);
    }
  }
  return faults;
}

function isInteger(value: number, least: number, most: number): boolean {
  return Number.isSafeInteger(value) && value >= least && value <= most;
}
