const SIZE = 4_096;
const BITS = 32;

/**
 * Which numbers of a sender have been seen. Numbers may come out of order within a window below the highest one (as in
 * RFC 4303 section 3.4.3); what is older counts as seen.
 */
export class ReplayWindow {
  readonly #seen = new Uint32Array(SIZE / BITS);
  #highest = 0;

  /** Whether a number comes for the first time; it is seen from then on. */
  admit(number: number): boolean {
    if (number <= this.#highest - SIZE) return false;
    if (number > this.#highest) {
      this.#advance(number);
      return true;
    }
    const [word, bit] = placeOf(number);
    if (((this.#seen[word] ?? 0) & bit) !== 0) return false;
    this.#seen[word] = (this.#seen[word] ?? 0) | bit;
    return true;
  }

  #advance(number: number): void {
    if (number - this.#highest >= SIZE) {
      this.#seen.fill(0);
    } else {
      for (let skipped = this.#highest + 1; skipped < number; skipped += 1) this.#forget(skipped);
    }
    const [word, bit] = placeOf(number);
    this.#seen[word] = (this.#seen[word] ?? 0) | bit;
    this.#highest = number;
  }

  #forget(number: number): void {
    const [word, bit] = placeOf(number);
    this.#seen[word] = (this.#seen[word] ?? 0) & ~bit;
  }
}

function placeOf(number: number): readonly [word: number, bit: number] {
  const index = number % SIZE;
  return [Math.floor(index / BITS), 1 << (index % BITS)];
}
