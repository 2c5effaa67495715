/** Longer texts are not remembered. */
const LONGEST_TEXT = 1_024;
const ONE_BYTE = /^[\x00-\xff]*$/;

/**
 * A copy of a text that keeps nothing else alive. A piece cut out of a longer text, such as a cookie out of its header,
 * keeps all of that text in memory for as long as the piece is held.
 */
export function ownText(text: string): string {
  const encoding = ONE_BYTE.test(text) ? "latin1" : "utf16le";
  return Buffer.from(text, encoding).toString(encoding);
}

/**
 * Remembers what was worked out for a text, for as many texts as it may hold and not for ever: two generations of half
 * the size, of which the older is dropped when the younger is full. What is asked for often stays; a flood of
 * texts nobody asks for twice costs memory for `capacity` of them at most, each of at most 1024 characters.
 */
export class Memo<Value> {
  readonly #half: number;
  #young = new Map<string, Value>();
  #old = new Map<string, Value>();

  constructor(capacity: number) {
    this.#half = Math.max(1, Math.ceil(capacity / 2));
  }

  /** What is remembered, or `undefined`. */
  get(text: string): Value | undefined {
    const value = this.#young.get(text);
    if (value !== undefined) return value;
    const kept = this.#old.get(text);
    if (kept !== undefined) this.#keep(text, kept);
    return kept;
  }

  /** Remembers a value, which must not itself hold a piece of a longer text: see `ownText`. */
  set(text: string, value: Value): void {
    if (text.length <= LONGEST_TEXT) this.#keep(text, value);
  }

  #keep(text: string, value: Value): void {
    if (this.#young.size >= this.#half) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(ownText(text), value);
  }
}
