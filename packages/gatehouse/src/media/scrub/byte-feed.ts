import { suspicious } from "./misfit.ts";

/** A part of a walk. It yields when the bytes at hand are used up, and goes on when there are more or the file ended. */
export type Steps<Result> = Generator<undefined, Result, undefined>;

const NOTHING = Buffer.alloc(0);

/**
 * The one place that knows of chunks. Walkers read through it as if the whole file were there, so that where the pieces
 * of a file are cut cannot make a difference to them.
 */
export class ByteFeed {
  #chunk: Buffer = NOTHING;
  #at = 0;
  #base = 0;
  #ended = false;

  /** The offset in the file of what is read next. */
  get position(): number {
    return this.#base + this.#at;
  }

  /** Hands over the next piece, once the walk has yielded. */
  push(chunk: Uint8Array): void {
    this.#base += this.#chunk.length;
    this.#chunk = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    this.#at = 0;
  }

  /** Says that there are no more pieces. */
  finish(): void {
    this.push(NOTHING);
    this.#ended = true;
  }

  /** What of the current piece is unread, at least one byte; `undefined` at the end of the file. */
  *some(): Steps<Buffer | undefined> {
    while (this.#at === this.#chunk.length) {
      if (this.#ended) return undefined;
      yield;
    }
    return this.#at === 0 ? this.#chunk : this.#chunk.subarray(this.#at);
  }

  /** Goes past bytes that {@link some} has shown. */
  consume(count: number): void {
    this.#at += count;
  }

  *byte(): Steps<number> {
    while (this.#at === this.#chunk.length) {
      if (this.#ended) throw suspicious("truncated", this.position);
      yield;
    }
    const value = this.#chunk[this.#at] ?? 0;
    this.#at += 1;
    return value;
  }

  /** A copy of the next bytes; the callers keep counts small. */
  *take(count: number): Steps<Buffer> {
    if (this.#at + count <= this.#chunk.length) {
      const whole = Buffer.from(this.#chunk.subarray(this.#at, this.#at + count));
      this.#at += count;
      return whole;
    }
    const pieces: Buffer[] = [];
    yield* this.each(count, (piece) => pieces.push(Buffer.from(piece)));
    return Buffer.concat(pieces, count);
  }

  /** Shows the next bytes piece by piece; what is shown must not be kept. */
  *each(count: number, visit: (piece: Buffer) => void): Steps<void> {
    for (let left = count; left > 0;) {
      const some = yield* this.some();
      if (some === undefined) throw suspicious("truncated", this.position);
      const piece = some.length <= left ? some : some.subarray(0, left);
      visit(piece);
      this.#at += piece.length;
      left -= piece.length;
    }
  }

  *skip(count: number): Steps<void> {
    for (let left = count; left > 0;) {
      const here = this.#chunk.length - this.#at;
      if (here >= left) {
        this.#at += left;
        return;
      }
      this.#at = this.#chunk.length;
      left -= here;
      if ((yield* this.some()) === undefined) throw suspicious("truncated", this.position);
    }
  }

  /** Goes to the end of the file; resolves to how many bytes were left. */
  *rest(): Steps<number> {
    const from = this.position;
    while ((yield* this.some()) !== undefined) this.#at = this.#chunk.length;
    return this.position - from;
  }
}
