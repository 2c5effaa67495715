import type { WalkResult } from "./walk-result.ts";

/**
 * Looks at a file while it passes by, in whatever pieces it comes: the same read can feed a hash and a scanner. Keeps
 * none of the pieces. Nothing is written in this pass; what has to change is known at its end, wherever in the file
 * it was said.
 */
export interface MediaWalk {
  write(chunk: Uint8Array): void;
  end(): WalkResult;
}

/** Begins a walk. Costs nothing until something is written. */
export declare function walkMedia(): MediaWalk;
