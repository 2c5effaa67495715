import type { MetadataKind } from "./walk-result.ts";
import type { Edit, ScrubPlan } from "./scrub-plan.ts";
import { suspicious } from "./misfit.ts";

/** More changes than any honest file needs: what they are kept in stays small. */
const MOST_EDITS = 262_144;

const NOTHING = new Uint8Array(0);

/** What a walker finds out: what has to change, and what will be gone for it. */
export class ScrubRecord {
  readonly found = new Set<MetadataKind>();
  trailing = 0;
  #edits: Edit[] = [];

  /** Takes bytes out. */
  drop(start: number, end: number): void {
    this.put(start, end, NOTHING);
  }

  /** Replaces bytes; with `end` equal to `start` it puts some in between. */
  put(start: number, end: number, bytes: Uint8Array): void {
    if (start === end && bytes.length === 0) return;
    this.#add({ start, end, put: bytes });
  }

  /** Puts zeros where bytes stood. */
  zero(start: number, end: number): void {
    if (start < end) this.#add({ start, end, put: "zeros" });
  }

  /** Where the record stands, for {@link forget}. */
  mark(): number {
    return this.#edits.length;
  }

  /** Takes back the changes since a mark: another one covers them. */
  forget(mark: number): void {
    this.#edits.length = mark;
  }

  /** The changes in order. */
  plan(inputBytes: number): ScrubPlan {
    const edits = this.#edits.toSorted((left, right) => left.start - right.start || left.end - right.end);
    let outputBytes = inputBytes;
    let end = 0;
    for (const edit of edits) {
      if (edit.start < end) throw suspicious("overlapping parts", edit.start);
      end = edit.end;
      if (edit.put !== "zeros") outputBytes += edit.put.length - (edit.end - edit.start);
    }
    if (end > inputBytes) throw suspicious("truncated", inputBytes);
    return { inputBytes, outputBytes, edits };
  }

  #add(edit: Edit): void {
    const last = this.#edits.at(-1);
    if (last !== undefined && last.end === edit.start && isSameKind(last, edit)) {
      this.#edits[this.#edits.length - 1] = { ...last, end: edit.end };
      return;
    }
    if (this.#edits.length === MOST_EDITS) throw suspicious("too many parts", edit.start);
    this.#edits.push(edit);
  }
}

/** Whether two neighbours are both taken out, or both put to zeros. */
function isSameKind(left: Edit, right: Edit): boolean {
  if (left.put === "zeros" || right.put === "zeros") return left.put === right.put;
  return left.put.length === 0 && right.put.length === 0 && left.start < left.end && right.start < right.end;
}
