/** One change: what stands from `start` to before `end` is replaced. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  /** Bytes to stand there instead, none to take it out, or as many zeros as there were bytes. */
  readonly put: Uint8Array | "zeros";
}

/** How a file becomes its scrubbed self in one sequential pass: edits in order, none over another. */
export interface ScrubPlan {
  readonly inputBytes: number;
  readonly outputBytes: number;
  readonly edits: readonly Edit[];
}
