import type { SecurityEvent } from "../kernel/event.ts";
import { problems } from "../kernel/problems.ts";

interface Overrun {
  /** Epoch milliseconds: when the window is over that began with the first refusal. */
  readonly until: number;
  /** Refusals since the last one that was a violation. */
  refusals: number;
}

/** Addresses that overrun a limit at the same time. Of one that is forgotten, the next refusal is a violation. */
const MOST = 10_000;

/**
 * Tells which refusals by used-up limits are violations of an address. Behind one address there may be many people, each
 * of whom makes a few attempts before noticing that the share of all is gone. So the first refusal in a window is one
 * violation, whichever limits refuse, and a further one comes only with every further share: as many refusals as the
 * limit admits attempts. A program that goes on regardless has three before long.
 */
export class OverrunTally {
  readonly #overruns = new Map<string, Overrun>();

  /** Whether the refusal of an address that an event tells of is a violation. Other denials always are. */
  isViolation(address: string, { at, problem, context: { limit, window } }: SecurityEvent): boolean {
    if (problem !== problems.RATE_LIMIT_EXCEEDED.code) return true;
    if (typeof limit !== "number" || typeof window !== "number") return true;
    const known = this.#overruns.get(address);
    if (known === undefined || at >= known.until) {
      this.#begin(address, { until: at + window * 1000, refusals: 0 });
      return true;
    }
    known.refusals += 1;
    if (known.refusals < limit) return false;
    known.refusals = 0;
    return true;
  }

  #begin(address: string, overrun: Overrun): void {
    this.#overruns.delete(address);
    const [oldest] = this.#overruns.keys();
    if (this.#overruns.size >= MOST && oldest !== undefined) this.#overruns.delete(oldest);
    this.#overruns.set(address, overrun);
  }
}
