/** How a content becomes the next: where to begin, how much to leave out, what to put there instead. */
export type ContentPatch = readonly (readonly [start: number, length: number, text: string])[];

/** The content a patch makes of the one before. */
export function applyPatch(before: string, patch: ContentPatch): string {
  let after = "";
  let position = 0;
  for (const [start, length, text] of patch) {
    after += before.slice(position, start) + text;
    position = start + length;
  }
  return after + before.slice(position);
}
