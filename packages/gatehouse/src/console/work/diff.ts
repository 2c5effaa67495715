import { diffWordsWithSpace, type ChangeObject } from "diff";
import { html, type Renderable } from "../../html/html.ts";
import { piecesOf, visibleText } from "../visible-text.ts";

/** Texts of more characters are shown beside each other, without saying which words differ. */
const LONGEST_COMPARED = 40_000;
/** Milliseconds that one comparison may take: texts can be made so that it takes for ever. */
const PATIENCE = 150;
/** Characters of what is the same that are shown in one piece; a change is to be seen without scrolling past a book. */
const LONGEST_SAME = 600;
const CONTEXT = 160;

/** Both sides of a change of one member. */
export interface Sides {
  readonly before: Renderable;
  readonly after: Renderable;
}

/** Two values beside each other, with the words marked that differ. Absent values are told apart from empty ones. */
export function compare(before: unknown, after: unknown): Sides {
  const [old, young] = [textOf(before), textOf(after)];
  if (old === undefined || young === undefined) return { before: whole(old, "del"), after: whole(young, "ins") };
  const parts = old.length + young.length > LONGEST_COMPARED ? undefined : wordsOf(old, young);
  if (parts === undefined) return { before: whole(old, "del"), after: whole(young, "ins") };
  const shown = (side: "removed" | "added") => {
    const other = side === "removed" ? "added" : "removed";
    const pieces = parts.filter((part) => !part[other]).map((part) => piece(part.value, part[side] ? side : undefined));
    return html`<bdi class="said block">${pieces}</bdi>`;
  };
  return { before: shown("removed"), after: shown("added") };
}

/** A value on its own. */
export function single(value: unknown): Renderable {
  const text = textOf(value);
  return text === undefined ? NOTHING : text === "" ? EMPTY : visibleText(text, { block: true });
}

const NOTHING = html`<span class="soft">none</span>`;
const EMPTY = html`<span class="soft">empty text</span>`;

function wordsOf(before: string, after: string): readonly ChangeObject<string>[] | undefined {
  return diffWordsWithSpace(before, after, { timeout: PATIENCE, maxEditLength: 4000 });
}

function piece(text: string, side: "removed" | "added" | undefined): Renderable {
  if (side === "removed") return html`<del>${piecesOf(text, { block: true })}</del>`;
  if (side === "added") return html`<ins>${piecesOf(text, { block: true })}</ins>`;
  if (text.length <= LONGEST_SAME) return piecesOf(text, { block: true });
  const [head, tail] = [text.slice(0, CONTEXT), text.slice(-CONTEXT)];
  const middle = text.slice(CONTEXT, -CONTEXT);
  const fold = html`<summary>${middle.length} unchanged characters</summary>${piecesOf(middle, { block: true })}`;
  return html`${piecesOf(head, { block: true })}<details class="same">${fold}</details>${piecesOf(tail, { block: true })}`;
}

function whole(text: string | undefined, side: "del" | "ins"): Renderable {
  if (text === undefined) return NOTHING;
  if (text === "") return EMPTY;
  const pieces = piecesOf(text, { block: true });
  const marked = side === "del" ? html`<del>${pieces}</del>` : html`<ins>${pieces}</ins>`;
  return html`<bdi class="said block">${marked}</bdi>`;
}

/** Texts as they are, everything else as JSON. */
function textOf(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  return typeof value === "string" ? value : JSON.stringify(value, undefined, 2);
}
