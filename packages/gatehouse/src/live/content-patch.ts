import { hash } from "node:crypto";
import { diffArrays } from "diff";

/**
 * How one text becomes another: in ascending order where to begin, how much to leave out, and what to put there
 * instead. Positions count UTF-16 units of the text before.
 */
export type ContentPatch = readonly (readonly [start: number, length: number, text: string])[];

/** Beyond so many added and removed pieces a new text is cheaper to find and to send whole. */
const MOST_EDITS = 400;
/** A patch pays only if it is clearly shorter than the text: it is written as JSON, and has to be applied. */
const WORTHWHILE = 0.7;
const TAG_CHARACTERS = 16;
/** So many characters are compared at once where texts may be long: several times as fast as one by one. */
const STRIDE = 256;

/** Names a content: who sends it back still has that very text. */
export function contentTag(text: string): string {
  return hash("sha256", text, "base64url").slice(0, TAG_CHARACTERS);
}

/** The patch between two contents, or `undefined` where sending the new one whole is the better choice. */
export function patchBetween(before: string, after: string): ContentPatch | undefined {
  if (before === after) return [];
  const { head, tail } = sharedEnds(before, after);
  const changes = diffArrays(
    pieces(before.slice(head, before.length - tail)),
    pieces(after.slice(head, after.length - tail)),
    { maxEditLength: MOST_EDITS },
  );
  if (changes === undefined) return undefined;
  const patch: [number, number, string][] = [];
  let position = head;
  let open: [number, number, string] | undefined;
  for (const { value, added, removed } of changes) {
    const text = value.join("");
    if (!added && !removed) {
      position += text.length;
      open = undefined;
      continue;
    }
    if (open === undefined) patch.push((open = [position, 0, ""]));
    if (added) open[2] += text;
    else {
      open[1] += text.length;
      position += text.length;
    }
  }
  const trimmed = patch.map((edit) => trim(before, edit));
  return JSON.stringify(trimmed).length < after.length * WORTHWHILE ? trimmed : undefined;
}

/** How much two texts share at either end, in whole pieces: what is between is all that has to be compared in pieces. */
function sharedEnds(before: string, after: string): { readonly head: number; readonly tail: number } {
  const most = Math.min(before.length, after.length);
  const common = sharedHead(before, after, most);
  const head =
    common === 0 ? 0 : Math.max(before.lastIndexOf("<", common - 1), before.lastIndexOf(">", common - 1) + 1, 0);
  const from = before.length - sharedTail(before, after, most - common);
  const starts = [before.indexOf("<", from), before.indexOf(">", from) + 1].filter(
    (start) => start >= from && start > 0,
  );
  return { head, tail: before.length - Math.min(...starts, before.length) };
}

function sharedHead(left: string, right: string, most: number): number {
  let head = 0;
  while (head + STRIDE <= most && left.slice(head, head + STRIDE) === right.slice(head, head + STRIDE)) head += STRIDE;
  while (head < most && left.charCodeAt(head) === right.charCodeAt(head)) head += 1;
  return head;
}

function sharedTail(left: string, right: string, most: number): number {
  const last = (text: string, tail: number): string => text.slice(text.length - tail - STRIDE, text.length - tail);
  let tail = 0;
  while (tail + STRIDE <= most && last(left, tail) === last(right, tail)) tail += STRIDE;
  while (tail < most && left.charCodeAt(left.length - 1 - tail) === right.charCodeAt(right.length - 1 - tail))
    tail += 1;
  return tail;
}

/** Tags, and the texts between them. */
function pieces(text: string): string[] {
  return text.split(/(?=<)|(?<=>)/);
}

/** Leaves out what a replacement has in common with what it replaces, but never half a surrogate pair. */
function trim(before: string, [start, length, text]: readonly [number, number, string]): [number, number, string] {
  const replaced = before.slice(start, start + length);
  const most = Math.min(length, text.length);
  let head = sharedHead(replaced, text, most);
  if (isHighSurrogate(text, head - 1)) head -= 1;
  let tail = sharedTail(replaced, text, most - head);
  if (tail > 0 && isHighSurrogate(text, text.length - tail - 1)) tail -= 1;
  return [start + head, length - head - tail, text.slice(head, text.length - tail)];
}

function isHighSurrogate(text: string, index: number): boolean {
  return index >= 0 && (text.charCodeAt(index) & 0xfc00) === 0xd800;
}
