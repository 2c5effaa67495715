/** Exact sliding window: never more than `limit` in any trailing `window` milliseconds. */
export interface WindowRule {
  readonly kind: "window";
  readonly limit: number;
  /** Milliseconds. */
  readonly window: number;
}

/** Token bucket: `limit` tokens refilled evenly over `window` milliseconds, up to `burst` saved. */
export interface BucketRule {
  readonly kind: "bucket";
  readonly limit: number;
  /** Milliseconds. */
  readonly window: number;
  readonly burst: number;
}

/** At most `limit` slots taken at once; a slot that is not given back frees itself after `window` milliseconds. */
export interface ConcurrencyRule {
  readonly kind: "concurrency";
  readonly limit: number;
  /** Milliseconds. */
  readonly window: number;
}

/** How a limit counts. */
export type LimitRule = WindowRule | BucketRule | ConcurrencyRule;

/** All ways to count. */
export const LIMIT_KINDS: readonly LimitRule["kind"][] = ["window", "bucket", "concurrency"];

/** One rule to check for one subject. */
export interface LimitCheck {
  /** Name of the policy, for headers and events. */
  readonly policy: string;
  /** Who is counted: a fingerprint, unique per policy and subject. */
  readonly key: string;
  readonly rule: LimitRule;
  /** Units to take; 1 unless bytes or tokens are counted. */
  readonly cost: number;
}

/** Where a limit stands after a decision. */
export interface LimitState {
  readonly policy: string;
  readonly limit: number;
  /** Milliseconds. */
  readonly window: number;
  readonly remaining: number;
  /** Epoch milliseconds at which the limit is entirely available again or, when refused, at which one more is. */
  readonly resetAt: number;
  /** Milliseconds until this check would be admitted; 0 when it was. */
  readonly retryAfter: number;
}

/** What a decision took, to give it back. A copy with fewer checks gives only those back. */
export interface Reservation {
  readonly checks: readonly LimitCheck[];
  /** The adapter's own mark of what was taken. */
  readonly mark: unknown;
}

/** The answer of the counters: all checks admitted, or none. */
export interface Decision {
  readonly admitted: boolean;
  /** One state a check, in the order asked. */
  readonly states: readonly LimitState[];
  /** Present when admitted. */
  readonly reservation?: Reservation;
}

/** Counts what may be lost: limits of every kind. All checks of a call pass and are consumed together, or none is. */
export interface Counters extends AsyncDisposable {
  /**
   * Decides. What is refused consumes nothing; policies and keys of one call are distinct.
   * @throws {RangeError} for a cost that is not a positive integer.
   * @throws {TypeError} for a policy or key that occurs twice.
   */
  take(checks: readonly LimitCheck[]): Decision | Promise<Decision>;
  /**
   * Gives a reservation back: a refunded success, the end of a concurrent attempt. Idempotent, for each check on its
   * own. What a bucket has refilled in the meantime is not given twice.
   */
  release(reservation: Reservation): void | Promise<void>;
  /**
   * Holds the slots of a reservation for another `window` from now; what is counted in other ways is left alone. A slot
   * that freed itself meanwhile is taken again, even beyond the limit, since its holder is still there; one that was
   * given back is not.
   */
  renew(reservation: Reservation): void | Promise<void>;
  /** Forgets everything counted for these keys, or for all. */
  reset(keys?: readonly string[]): void | Promise<void>;
}
