import type { MediaType } from "./media-type.ts";
import { walkMedia } from "./media-walk.ts";
import type { Edit, ScrubPlan } from "./scrub-plan.ts";

/** What a scrub needs of a walk. */
export interface Walked {
  readonly type: MediaType;
  readonly plan: ScrubPlan;
}

/** The output of a scrub was not what it has to be, or its input was another file than the one that was walked. */
export class ScrubError extends Error {
  override readonly name = "ScrubError";
}

const MOST_ZEROS = 65_536;

/**
 * Turns a file into its scrubbed self, in whatever pieces it comes; `emit` gets the pieces of the result, which are
 * views of what was written where nothing had to change. What comes out is walked again.
 */
export class Scrubber {
  readonly #walked: Walked;
  readonly #emit: (piece: Uint8Array) => void;
  readonly #second = walkMedia();
  #position = 0;
  #written = 0;
  #next = 0;

  constructor(walked: Walked, emit: (piece: Uint8Array) => void) {
    this.#walked = walked;
    this.#emit = emit;
  }

  write(chunk: Uint8Array): void {
    const base = this.#position;
    const end = base + chunk.length;
    for (let at = base; at < end;) {
      const edit = this.#walked.plan.edits[this.#next];
      if (edit === undefined || edit.start >= end) {
        this.#put(at === base ? chunk : chunk.subarray(at - base));
        break;
      }
      if (edit.start > at) this.#put(chunk.subarray(at - base, edit.start - base));
      if (edit.start >= base && edit.put !== "zeros") this.#put(Buffer.from(edit.put));
      at = this.#pass(edit, Math.max(at, edit.start), end);
    }
    this.#position = end;
  }

  /**
   * @throws {ScrubError} when something is still in the result, it is not understood, or what was written is not what
   * was walked: what was emitted must be thrown away.
   */
  end(): void {
    const { plan, type } = this.#walked;
    for (; this.#next < plan.edits.length; this.#next += 1) {
      const { put } = plan.edits[this.#next] ?? {};
      if (put !== undefined && put !== "zeros") this.#put(Buffer.from(put));
    }
    if (this.#position !== plan.inputBytes) throw new ScrubError("The file is not the one that was walked.");
    if (this.#written !== plan.outputBytes) throw new ScrubError("The result is not as long as planned.");
    const second = this.#second.end();
    if (second.verdict !== "lossless" || second.type !== type || second.found.size > 0) {
      throw new ScrubError("The result is not clean.");
    }
  }

  /** Goes over what an edit replaces, as far as it is at hand; resolves to where that is. */
  #pass(edit: Edit, from: number, end: number): number {
    const to = Math.min(edit.end, end);
    if (edit.put === "zeros") this.#putZeros(to - from);
    if (to === edit.end) this.#next += 1;
    return to;
  }

  #putZeros(count: number): void {
    for (let left = count; left > 0; left -= MOST_ZEROS) this.#put(Buffer.alloc(Math.min(left, MOST_ZEROS)));
  }

  #put(piece: Uint8Array): void {
    if (piece.length === 0) return;
    this.#written += piece.length;
    this.#second.write(piece);
    this.#emit(piece);
  }
}

/** A {@link Scrubber} as a stream; it fails at its end with {@link ScrubError}. */
export function scrubStream(walked: Walked): TransformStream<Uint8Array, Uint8Array> {
  let scrubber: Scrubber;
  return new TransformStream<Uint8Array, Uint8Array>({
    start(controller) {
      scrubber = new Scrubber(walked, (piece) => controller.enqueue(piece));
    },
    transform: (chunk) => scrubber.write(chunk),
    flush: () => scrubber.end(),
  });
}
