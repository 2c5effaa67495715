import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { AuditDescription, Authorise, LimitSubject } from "../kernel/action.ts";

/** Options of an action. */
export interface LiveActionOptions<Schema extends StandardSchemaV1, Fields extends string = never> {
  /** What the action takes, as any Standard Schema. Default: nothing. Forms send texts: coerce in the schema. */
  readonly input?: Schema;
  /** Upload fields of the component whose files it takes, beside its input. Files of a refused action wait on. */
  readonly uploads?: readonly Fields[];
  /** The rule that admits a principal, or `"public"`: anyone may. */
  readonly authorise: Authorise<StandardSchemaV1.InferOutput<Schema>> | "public";
  /** Whether strangers may attempt it. Default: true for `"public"` actions. */
  readonly anonymous?: boolean;
  /** Attempts in a window. Default: the configured limit, 60 in 60 seconds. */
  readonly rateLimit?: number;
  /** Seconds. Default 60. */
  readonly rateLimitWindow?: number;
  /** Whether only refused and failed attempts use up the limit: for codes and passwords. Default: all attempts. */
  readonly rateLimitCounts?: "attempts" | "failures";
  /** The limit of callers who are not signed in, where it differs. */
  readonly anonymousLimit?: number;
  /** What is counted. Default: principal and action. */
  readonly limitBy?: readonly LimitSubject[];
  /** Seconds a result is kept for repeated attempts under one key. Default 3600. */
  readonly idempotencyTTL?: number;
  /** Refuse attempts without an idempotency key. Default false. */
  readonly idempotencyRequired?: boolean;
  /**
   * Whether the action is meant whatever version of the state its caller saw: a counter, a like, a new
   * entry. Default false: an attempt made on an older version gets `STATE_CONFLICT` and the current content.
   */
  readonly commutes?: boolean;
  /** Whether quick clicks after each other are each meant. Default false: a double click counts once. */
  readonly repeats?: boolean;
  readonly audit?: Pick<AuditDescription<StandardSchemaV1.InferOutput<Schema>, unknown>, "event" | "context">;
}
