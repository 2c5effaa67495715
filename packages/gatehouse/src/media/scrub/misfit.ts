/** Why a file is not what it should be. For logs and operators. */
export interface Misfit {
  /** `truncated` where the file ended too early, otherwise what was wrong, in a few fixed words. */
  readonly reason: string;
  /** The offset at which it was found. */
  readonly at: number;
}

/** Ends a walk over a file that does not fit what its type allows. Never leaves this folder. */
export class MisfitError extends Error {
  readonly verdict: "re-encode" | "suspicious";
  readonly misfit: Misfit;

  constructor(verdict: "re-encode" | "suspicious", misfit: Misfit) {
    super(misfit.reason);
    this.verdict = verdict;
    this.misfit = misfit;
  }
}

/** What a file that is broken, or made by somebody who is up to something, ends a walk with. */
export function suspicious(reason: string, at: number): MisfitError {
  return new MisfitError("suspicious", { reason, at });
}

/** What a file that may be sound, but is made in a way we do not take apart, ends a walk with. */
export function unusual(reason: string, at: number): MisfitError {
  return new MisfitError("re-encode", { reason, at });
}
