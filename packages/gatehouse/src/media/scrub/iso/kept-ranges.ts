import { suspicious } from "../misfit.ts";
import type { ScrubRecord } from "../scrub-record.ts";

/** More pieces of media data than any honest file has; 36 hours of video have a quarter of it. */
const MOST_RANGES = 1_048_576;

interface Span {
  readonly start: number;
  readonly end: number;
}

/** Pieces of a file, as they are met. */
class Spans {
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];

  /** Neighbours that come in order are joined. */
  add(start: number, end: number): void {
    if (start === end) return;
    const last = this.#ends.length - 1;
    if (last >= 0 && this.#ends[last] === start) {
      this.#ends[last] = end;
      return;
    }
    if (this.#starts.length === MOST_RANGES) throw suspicious("too many parts", start);
    this.#starts.push(start);
    this.#ends.push(end);
  }

  /** In order, none over another; where two are over the same bytes they become one. */
  joined(): Span[] {
    const order = Uint32Array.from(this.#starts, (_, index) => index);
    order.sort((left, right) => (this.#starts[left] ?? 0) - (this.#starts[right] ?? 0));
    const joined: { start: number; end: number }[] = [];
    for (const index of order) {
      const [start = 0, end = 0] = [this.#starts[index], this.#ends[index]];
      const last = joined.at(-1);
      if (last !== undefined && start <= last.end) last.end = Math.max(last.end, end);
      else joined.push({ start, end });
    }
    return joined;
  }
}

/** Which media data somebody refers to. All others are put to zeros: what nothing refers to nobody needs to see. */
export class KeptRanges {
  readonly #kept = new Spans();
  readonly #removed = new Spans();

  /** What a picture or a track that stays consists of. */
  keep(start: number, end: number): void {
    this.#kept.add(start, end);
  }

  /** What something that goes consists of: nothing that stays may share it. */
  remove(start: number, end: number): void {
    this.#removed.add(start, end);
  }

  /** Puts the rest of the containers, which are in order, to zeros. Whoever refers to anything outside them is refused. */
  zeroOthers(containers: readonly Span[], record: ScrubRecord): void {
    const kept = this.#kept.joined();
    refuseShared(kept, this.#removed.joined());
    let next = 0;
    for (const container of containers) {
      let at = container.start;
      for (let span = kept[next]; span !== undefined && span.start < container.end; span = kept[next]) {
        if (span.start < container.start || span.end > container.end) throw suspicious("data outside", span.start);
        record.zero(at, span.start);
        at = span.end;
        next += 1;
      }
      record.zero(at, container.end);
    }
    const left = kept[next];
    if (left !== undefined) throw suspicious("data outside", left.start);
  }
}

function refuseShared(kept: readonly Span[], removed: readonly Span[]): void {
  let next = 0;
  for (const span of removed) {
    while ((kept[next]?.end ?? Number.POSITIVE_INFINITY) <= span.start) next += 1;
    if ((kept[next]?.start ?? Number.POSITIVE_INFINITY) < span.end) throw suspicious("shared data", span.start);
  }
}
