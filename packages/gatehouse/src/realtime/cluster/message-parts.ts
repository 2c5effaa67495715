import type { SignedMessage } from "./signed-message.ts";

/** Bytes of a part: what is around it fits into a message of the bus besides. */
const PART_BYTES = 60 * 1024;
/** The longest text that travels in parts, in bytes. */
const LONGEST_MESSAGE = 1024 * 1024;
const MOST_PARTS = Math.ceil(LONGEST_MESSAGE / (PART_BYTES - 3));
const MOST_UNFINISHED = 256;
const UNFINISHED_BYTES = 16 * 1024 * 1024;
const CONTINUATION_MASK = 0xc0;
const CONTINUATION = 0x80;

/** Whether a text is short enough to travel. */
export function isCarried(text: string): boolean {
  return text.length * 3 <= LONGEST_MESSAGE || Buffer.byteLength(text) <= LONGEST_MESSAGE;
}

/** Cuts a text into parts that the bus carries, never within a character. `undefined` where it is too long. */
export function partsOf(text: string): readonly string[] | undefined {
  // A character is at most three bytes: most texts need no count.
  if (text.length * 3 <= PART_BYTES) return [text];
  if (!isCarried(text)) return undefined;
  const bytes = Buffer.from(text);
  const parts: string[] = [];
  for (let start = 0; start < bytes.byteLength;) {
    let end = Math.min(bytes.byteLength, start + PART_BYTES);
    while (end < bytes.byteLength && ((bytes[end] ?? 0) & CONTINUATION_MASK) === CONTINUATION) end -= 1;
    parts.push(bytes.toString("utf8", start, end));
    start = end;
  }
  return parts;
}

interface Unfinished {
  readonly parts: (string | undefined)[];
  missing: number;
  size: number;
}

/** Puts parts together again, in whatever order they come. What stays unfinished is given up, the oldest first. */
export class PartAssembler {
  readonly #unfinished = new Map<string, Unfinished>();
  #size = 0;

  /** The text that this part completes, or `undefined`. */
  add(topic: string, { from, number, index, count, payload }: SignedMessage): string | undefined {
    if (count === 1 && index === 0) return payload;
    if (index >= count || count > MOST_PARTS) return undefined;
    const name = `${from} ${number - index} ${topic}`;
    const known = this.#unfinished.get(name) ?? this.#begin(name, count);
    if (known.parts.length !== count || known.parts[index] !== undefined) return undefined;
    known.parts[index] = payload;
    known.missing -= 1;
    known.size += payload.length;
    this.#size += payload.length;
    if (known.missing === 0) {
      this.#forget(name, known);
      return known.parts.join("");
    }
    this.#makeRoom();
    return undefined;
  }

  /** How many messages wait for parts. */
  get unfinished(): number {
    return this.#unfinished.size;
  }

  #begin(name: string, count: number): Unfinished {
    const begun = { parts: Array.from<string | undefined>({ length: count }), missing: count, size: 0 };
    this.#unfinished.set(name, begun);
    return begun;
  }

  #makeRoom(): void {
    for (const [name, unfinished] of this.#unfinished) {
      if (this.#unfinished.size <= MOST_UNFINISHED && this.#size <= UNFINISHED_BYTES) return;
      this.#forget(name, unfinished);
    }
  }

  #forget(name: string, { size }: Unfinished): void {
    this.#unfinished.delete(name);
    this.#size -= size;
  }
}
