import type { BucketRule } from "../ports/counters.ts";
import { clockStep, type Stamp, type Tally, type TallyState } from "./tally.ts";

/**
 * A bucket rule in integers. One unit weighs `unit`; `drain` flows off every `tick` microseconds; at most `capacity`
 * fits. `unit / drain * tick` is the emission interval of the generic cell rate algorithm, kept as a fraction so that
 * no rounding adds up.
 */
export interface BucketScale {
  readonly unit: number;
  readonly drain: number;
  readonly tick: number;
  readonly capacity: number;
}

const LARGEST = 2 ** 52;

/**
 * The scale of a rule: microseconds where the numbers allow, else milliseconds.
 * @throws {RangeError} when limit, window and burst together exceed exact arithmetic.
 */
export function bucketScale(rule: BucketRule): BucketScale {
  for (const tick of [1, 1000]) {
    const span = (rule.window * 1000) / tick;
    const divisor = greatestCommonDivisor(rule.limit, span);
    const unit = span / divisor;
    if (unit * rule.burst <= LARGEST) {
      return { unit, drain: rule.limit / divisor, tick, capacity: unit * rule.burst };
    }
  }
  const { limit, window, burst } = rule;
  throw new RangeError(
    `A bucket of ${limit} in ${window} ms, burst ${burst}, is beyond exact arithmetic: use rounder numbers.`,
  );
}

const scales = new WeakMap<BucketRule, BucketScale>();

/** The scale of a rule, worked out once for each rule object. */
export function scaleOf(rule: BucketRule): BucketScale {
  const known = scales.get(rule);
  if (known !== undefined) return known;
  const scale = bucketScale(rule);
  scales.set(rule, scale);
  return scale;
}

/** A token bucket by the generic cell rate algorithm: what has been taken and has not flowed off yet. */
export class Bucket implements Tally<BucketRule> {
  readonly kind = "bucket";
  #level = 0;
  #at = 0;
  #returned = 0;
  #unit = 0;

  /** Rebuilds a tally; one from the future, after a clock was set back, continues from `now`. */
  static restore(state: TallyState & { readonly kind: "bucket" }, now: number): Bucket {
    const bucket = new Bucket();
    bucket.#level = state.level;
    bucket.#at = state.at - clockStep(state.at, now);
    bucket.#returned = state.returned;
    bucket.#unit = state.unit;
    return bucket;
  }

  wait(rule: BucketRule, cost: number, now: number): number {
    if (cost > rule.burst || rule.limit === 0) return Infinity;
    const scale = this.#advance(rule, now);
    const excess = this.#level + cost * scale.unit - scale.capacity;
    if (excess <= 0) return 0;
    return this.#at + Math.ceil(excess / scale.drain) * scale.tick - now;
  }

  take(rule: BucketRule, cost: number, now: number): Stamp {
    const { unit } = this.#advance(rule, now);
    this.#level += cost * unit;
    return { level: this.#level, at: this.#at, returned: this.#returned, unit };
  }

  /**
   * Units that have flowed off cannot be given back any more. What was given back in between counts as if it had
   * stood in front, so that the bucket errs on the side of giving back too little.
   */
  giveBack({ rule, cost }: { readonly rule: BucketRule; readonly cost: number }, stamp: Stamp, now: number): void {
    const { unit, drain, tick } = this.#advance(rule, now);
    if (typeof stamp === "number" || stamp.unit !== unit) return;
    const flowed = ((this.#at - stamp.at) / tick) * drain;
    const left = stamp.level - flowed - (this.#returned - stamp.returned);
    const given = Math.min(cost * unit, left, this.#level);
    if (given <= 0) return;
    this.#level -= given;
    this.#returned += given;
  }

  remaining(rule: BucketRule, now: number): number {
    if (rule.limit === 0) return 0;
    const { unit, capacity } = this.#advance(rule, now);
    return Math.max(0, Math.floor((capacity - this.#level) / unit));
  }

  emptyAt(rule: BucketRule): number {
    if (this.#level === 0) return 0;
    const { drain, tick } = scaleOf(rule);
    if (drain === 0) return this.#at + rule.window * 1000;
    return this.#at + Math.ceil(this.#level / drain) * tick;
  }

  state(): TallyState {
    return { kind: "bucket", level: this.#level, at: this.#at, returned: this.#returned, unit: this.#unit };
  }

  #advance(rule: BucketRule, now: number): BucketScale {
    const scale = scaleOf(rule);
    if (this.#unit !== scale.unit) {
      this.#level = this.#unit === 0 ? 0 : Math.ceil((this.#level / this.#unit) * scale.unit);
      this.#unit = scale.unit;
    }
    const ticks = Math.floor((now - this.#at) / scale.tick);
    if (ticks > 0) {
      this.#level = Math.max(0, this.#level - ticks * scale.drain);
      this.#at += ticks * scale.tick;
    }
    return scale;
  }
}

function greatestCommonDivisor(left: number, right: number): number {
  return right === 0 ? left : greatestCommonDivisor(right, left % right);
}
