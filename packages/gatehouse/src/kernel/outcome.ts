import type { EventContext, EventDefinition } from "./event.ts";
import type { LimitState } from "./ports/counters.ts";
import type { Problem } from "./problem.ts";

/** One thing wrong with an input. */
export interface Violation {
  /** JSON Pointer to the value (RFC 6901), empty for the whole input. */
  readonly pointer: string;
  readonly message: string;
}

/** What a caller is told about idempotency (also `idempotency` in live responses). */
export interface IdempotencyInfo {
  readonly key: string;
  /** Whether the result was stored earlier and nothing ran now. */
  readonly cached: boolean;
  /** Seconds the result stays available. */
  readonly ttl: number;
  /** ISO 8601 time of the first execution. */
  readonly createdAt: string;
}

/** A refusal: a value, not an exception. */
export interface Denial {
  readonly ok: false;
  readonly problem: Problem;
  /** Public addition to the problem's message. */
  readonly detail?: string;
  /** Seconds after which trying again makes sense; at least 1. */
  readonly retryAfter?: number;
  readonly limits?: readonly LimitState[];
  readonly violations?: readonly Violation[];
  /** What to record; `request_refused` when absent. */
  readonly event?: EventDefinition;
  readonly context?: EventContext;
  /** Extra public members of the problem document (the fresh state of a conflict, for example). */
  readonly extensions?: Readonly<Record<string, unknown>>;
  /** Fields that an HTTP answer has by its protocol, such as `www-authenticate`; names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** A completed action. */
export interface Success<Output> {
  readonly ok: true;
  readonly value: Output;
  readonly limits: readonly LimitState[];
  readonly idempotency?: IdempotencyInfo;
}

/** How an attempt ended. */
export type Outcome<Output = unknown> = Success<Output> | Denial;

/** Builds a denial. */
export function deny(problem: Problem, more: Omit<Denial, "ok" | "problem"> = {}): Denial {
  return { ok: false, problem, ...more };
}

/** Whether a value returned by an action or guard is a denial. */
export function isDenial(value: unknown): value is Denial {
  return typeof value === "object" && value !== null && "ok" in value && value.ok === false && "problem" in value;
}
