import type { Stamp, Tally } from "../../kernel/limit/tally.ts";
import type { LimitCheck, LimitRule, Reservation } from "../../kernel/ports/counters.ts";
import type { Generations } from "./memory-counters-generations.ts";

/** A tally of several keys, and the rule it counts by. */
export interface Shared {
  readonly rule: LimitRule;
  readonly tally: Tally;
}

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

/** What has been taken and not been given back. */
interface Outstanding {
  readonly taking: Taking;
  readonly stamp: Stamp;
}

/** What of a reservation has been taken and not been given back. */
export function outstanding({ checks, mark }: Reservation): Outstanding[] {
  if (checks.length === 0) return [];
  if (!(mark instanceof Taking)) throw new TypeError("The reservation was made by other counters.");
  const found: Outstanding[] = [];
  for (let taking: Taking | undefined = mark; taking !== undefined; taking = taking.before) {
    const { check, stamp } = taking;
    if (stamp !== undefined && checks.some(({ key }) => key === check.key)) found.push({ taking, stamp });
  }
  return found;
}
