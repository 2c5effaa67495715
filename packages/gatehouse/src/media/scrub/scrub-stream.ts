import type { ScrubPlan } from "./scrub-plan.ts";
import type { MediaType } from "./media-type.ts";

/**
 * Turns a file into its scrubbed self by the plan its walk came to. What comes out is walked again: should anything
 * still be in it, or should it not be understood, the stream fails at its end with {@link ScrubError}, and what came out
 * of it must be thrown away.
 */
export declare function scrubStream(walked: {
  readonly type: MediaType;
  readonly plan: ScrubPlan;
}): TransformStream<Uint8Array, Uint8Array>;

/** The output of a scrub was not what it has to be, or its input was another file than the one that was walked. */
export declare class ScrubError extends Error {}
