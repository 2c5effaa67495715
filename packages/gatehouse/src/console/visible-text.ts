import { html, type Html, type Renderable } from "../html/html.ts";

/** How a text is shown that somebody else has written. */
export interface TextOptions {
  /** Keeps its line breaks; else they are marked as well. */
  readonly block?: boolean;
  /** UTF-16 units that are shown; what is left out is told. */
  readonly longest?: number;
}

const LONGEST = 65_536;
/** Marks in one text; whatever has more is no text that anybody could read. */
const MOST_MARKS = 500;
/** Marks on one letter that writing systems get by with. */
const MOST_COMBINING = 4;

const EMOJI = String.raw`\p{Extended_Pictographic}\p{Emoji_Modifier}?\uFE0F?(?:\u200D\p{Extended_Pictographic}\p{Emoji_Modifier}?\uFE0F?)*|[0-9#*]\uFE0F\u20E3`;
const TAGS = String.raw`[\u{E0020}-\u{E007E}]+\u{E007F}?`;
const PILED = String.raw`(?:(?!\p{Default_Ignorable_Code_Point})\p{M}){${MOST_COMBINING + 1},}`;
/** Controls, directions, joiners, fillers, unassigned and private code points, lone surrogates, and spaces besides ours. */
const UNSEEN = String.raw`(?! )[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}\u2800]`;
const ODD = new RegExp(`(?<emoji>${EMOJI})|(?<tags>${TAGS})|(?<piled>${PILED})|(?<unseen>${UNSEEN})\\k<unseen>*`, "gu");

const NAMES: Readonly<Record<string, string>> = {
  "9": "tab",
  A: "line break",
  D: "carriage return",
  A0: "no-break space",
  AD: "soft hyphen",
  "61C": "Arabic letter mark",
  "200B": "zero-width space",
  "200C": "zero-width non-joiner",
  "200D": "zero-width joiner",
  "200E": "left-to-right mark",
  "200F": "right-to-left mark",
  "2028": "line separator",
  "2029": "paragraph separator",
  "202A": "left-to-right embedding",
  "202B": "right-to-left embedding",
  "202C": "pop directional formatting",
  "202D": "left-to-right override",
  "202E": "right-to-left override",
  "2060": "word joiner",
  "2066": "left-to-right isolate",
  "2067": "right-to-left isolate",
  "2068": "first strong isolate",
  "2069": "pop directional isolate",
  FEFF: "byte order mark",
};

/**
 * A text of agents or visitors: text and nothing else, kept apart from the direction of what is around it. What cannot be
 * seen, or would have it read as something else, is shown as a mark.
 */
export function visibleText(text: string, options: TextOptions = {}): Html {
  return html`<bdi class="${options.block === true ? "said block" : "said"}">${piecesOf(text, options)}</bdi>`;
}

/** The same without an element around it. */
export function piecesOf(text: string, { block = false, longest = LONGEST }: TextOptions = {}): readonly Renderable[] {
  const shown = text.slice(0, longest);
  const pieces: Renderable[] = [];
  let from = 0;
  let marks = 0;
  for (const found of shown.matchAll(ODD)) {
    const mark = markOf(found, block);
    if (mark === undefined) continue;
    marks += 1;
    if (marks > MOST_MARKS) return [...pieces, shown.slice(from, found.index), leftOut(text.length - found.index)];
    pieces.push(shown.slice(from, found.index), mark);
    from = found.index + found[0].length;
  }
  pieces.push(shown.slice(from));
  if (text.length > longest) pieces.push(leftOut(text.length - longest));
  return pieces;
}

function markOf({ 0: whole, groups = {} }: RegExpExecArray, block: boolean): Html | undefined {
  const { tags, piled, unseen } = groups;
  if (tags !== undefined) return mark(`hidden letters: ${spelled(tags)}`, tags);
  if (piled !== undefined) {
    const [kept, rest] = [[...piled].slice(0, MOST_COMBINING), [...piled].slice(MOST_COMBINING)];
    return html`${kept.join("")}${mark(`${rest.length} more marks on this letter`, rest.slice(0, 20).join(""))}`;
  }
  if (unseen === undefined || (block && (unseen === "\n" || unseen === "\t"))) return undefined;
  const times = whole.length / unseen.length;
  return mark(`${nameOf(unseen)}${times === 1 ? "" : ` ×${times}`}`, unseen);
}

function mark(what: string, of: string): Html {
  return html`<span class="mark" title="${[...of].map(codeOf).join(" ").slice(0, 400)}">${what}</span>`;
}

function leftOut(units: number): Html {
  return html`<span class="mark">${units} more characters are not shown</span>`;
}

/** Tags are a second, unseen set of the letters of ASCII. */
function spelled(tags: string): string {
  return [...tags]
    .map((tag) => String.fromCodePoint((tag.codePointAt(0) ?? 0) - 0xe_00_00))
    .join("")
    .slice(0, 200);
}

function nameOf(character: string): string {
  const code = codeOf(character);
  const name = NAMES[code.slice(2).replace(/^0+/, "")];
  return name === undefined ? code : `${code} ${name}`;
}

function codeOf(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
}
