/** A token bucket of this process: so much a second, so much saved up. */
export class Budget {
  readonly #perMillisecond: number;
  readonly #burst: number;
  #left: number;
  #at = 0;

  /** `perSecond` tokens come back a second, up to `burst`. */
  constructor(perSecond: number, burst: number) {
    this.#perMillisecond = perSecond / 1_000;
    this.#burst = burst;
    this.#left = burst;
  }

  /** Takes one token where there is one. `now`: milliseconds that never step back. */
  take(now: number): boolean {
    this.#refill(now);
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }

  /** Takes tokens that may not be there yet; how many milliseconds it takes until they are. */
  spend(cost: number, now: number): number {
    this.#refill(now);
    this.#left -= cost;
    return this.wait(0);
  }

  /** Milliseconds until there are so many, from when something was last taken. */
  wait(tokens: number): number {
    return Math.max(0, Math.ceil((tokens - this.#left) / this.#perMillisecond));
  }

  #refill(now: number): void {
    this.#left = Math.min(this.#burst, this.#left + (now - this.#at) * this.#perMillisecond);
    this.#at = now;
  }
}
