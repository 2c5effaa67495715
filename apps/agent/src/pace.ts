const MINUTE = 60_000;

/** What a pace is kept by. */
export interface PaceParts {
  /** Calls within any minute. */
  readonly perMinute: number;
  /** Milliseconds on any clock that only goes forward. */
  readonly now: () => number;
  readonly wait: (milliseconds: number) => Promise<unknown>;
}

/**
 * Lets so many calls go out within any minute, and has others wait: who is refused for used-up limits again and again is
 * banned by the server.
 */
export class Pace {
  readonly #parts: PaceParts;
  #sent: readonly number[] = [];

  constructor(parts: PaceParts) {
    this.#parts = parts;
  }

  /** Resolves when the next call may go out. */
  async turn(): Promise<void> {
    const { perMinute, now, wait } = this.#parts;
    for (;;) {
      const at = now();
      this.#sent = this.#sent.filter((sent) => at - sent < MINUTE);
      const [first = at] = this.#sent;
      if (this.#sent.length < perMinute) break;
      await wait(first + MINUTE - at);
    }
    this.#sent = [...this.#sent, now()];
  }
}
