import type { Stamp, Tally } from "../../kernel/limit/tally.ts";
import type { LimitCheck } from "../../kernel/ports/counters.ts";
import type { Generations } from "./memory-counters-generations.ts";

/** One check under decision, linked to the one before it; afterwards what a reservation remembers. */
export class Taking {
  readonly check: LimitCheck;
  tally: Tally;
  readonly before: Taking | undefined;
  /** Where the tally belongs once something has been taken, if it is a new one. */
  home: Generations | undefined = undefined;
  /** What was taken; `undefined` before, and again when it has been given back. */
  stamp: Stamp | undefined = undefined;

  constructor(check: LimitCheck, tally: Tally, before: Taking | undefined) {
    this.check = check;
    this.tally = tally;
    this.before = before;
  }
}
