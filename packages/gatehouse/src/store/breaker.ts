import type { Clock } from "../kernel/clock.ts";

/** A store stopped or started to answer: the material of `store_unavailable` and `store_recovered`. */
export interface StoreStateChange {
  readonly store: string;
  readonly available: boolean;
  /** What happened and what is done about it, in one sentence. */
  readonly detail: string;
}

/** When a breaker opens and how long it waits. */
export interface BreakerOptions {
  readonly clock: Clock;
  /** Failures in a row after which calls are no longer made. Default 3. */
  readonly threshold?: number;
  /** Milliseconds until a probe is let through. Default 1000. */
  readonly pause?: number;
  /** Told when calls stop (`open`) and when they are made again (`closed`). */
  readonly onChange?: (state: "open" | "closed") => void;
}

/** Spares a store that does not answer, and its callers: after some failures in a row calls are refused, then probed. */
export interface Breaker {
  /** Whether a call may be made now. One that was let through reports `succeeded` or `failed`. */
  enter(): boolean;
  succeeded(): void;
  failed(): void;
  /** `half-open`: one probe is under way and decides. */
  readonly state: "closed" | "open" | "half-open";
  /** Milliseconds until the next probe; 0 unless open. */
  readonly retryAfter: number;
}

/** A closed breaker. */
export function createBreaker(options: BreakerOptions): Breaker {
  const { clock, threshold = 3, pause = 1000, onChange } = options;
  let state: Breaker["state"] = "closed";
  let failures = 0;
  let changedAt = 0;

  function move(next: Breaker["state"]): void {
    const before = state;
    state = next;
    changedAt = clock.monotonic();
    if (before === "closed" && next === "open") onChange?.("open");
    if (next === "closed") onChange?.("closed");
  }

  return {
    enter() {
      if (state === "closed") return true;
      // A probe that never reports, because its caller went away, is followed by another one.
      if (clock.monotonic() - changedAt < pause) return false;
      move("half-open");
      return true;
    },
    succeeded() {
      failures = 0;
      // While open this is the late answer to an earlier call; only a probe closes the breaker.
      if (state === "half-open") move("closed");
    },
    failed() {
      failures += 1;
      if (state === "half-open" || (state === "closed" && failures >= threshold)) move("open");
    },
    get state() {
      return state;
    },
    get retryAfter() {
      return state === "open" ? Math.max(0, Math.ceil(changedAt + pause - clock.monotonic())) : 0;
    },
  };
}
