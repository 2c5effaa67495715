const FIRST = 4_096;

/**
 * Bytes that come in pieces, copied into one buffer: kept as they came, pieces of one byte take hundreds of bytes each.
 * The buffer grows with what has come and never beyond the limit.
 */
export class GatheredBytes {
  readonly #limit: number;
  #buffer: Buffer = Buffer.alloc(0);
  #length = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get length(): number {
    return this.#length;
  }

  /** Adds a piece; `false`, and nothing is added, where there would be more than the limit. */
  add(piece: Uint8Array): boolean {
    const length = this.#length + piece.byteLength;
    if (length > this.#limit) return false;
    if (length > this.#buffer.length) this.#grow(length);
    this.#buffer.set(piece, this.#length);
    this.#length = length;
    return true;
  }

  /** Gives what has come and begins anew. */
  take(): Buffer {
    const taken = this.#buffer.subarray(0, this.#length);
    this.#buffer = Buffer.alloc(0);
    this.#length = 0;
    return taken;
  }

  #grow(length: number): void {
    const size = Math.min(this.#limit, Math.max(FIRST, length, 2 * this.#buffer.length));
    // Outside of Node's shared pool: only what `take` gives of it, which has been written, is ever read.
    const larger = Buffer.allocUnsafeSlow(size);
    this.#buffer.copy(larger, 0, 0, this.#length);
    this.#buffer = larger;
  }
}
