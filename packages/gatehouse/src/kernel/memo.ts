/**
 * Remembers what was worked out for a text, for as many texts as it may hold and not for ever: two generations of half
 * the size, of which the older is dropped when the younger is full. What is asked for often stays; a flood of
 * texts nobody asks for twice costs memory for `capacity` of them at most.
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
    if (kept !== undefined) this.set(text, kept);
    return kept;
  }

  /** Remembers a value. */
  set(text: string, value: Value): void {
    if (this.#young.size >= this.#half) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(text, value);
  }
}
