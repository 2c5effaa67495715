/**
 * Messages in pieces that fit a notification. PostgreSQL carries less than 8000 bytes in one, and no NUL character;
 * the notifications of one transaction arrive together and in order. A frame is `id.index.count` and the kind, `t`
 * for text or `b` for base64 of UTF-8, then a colon and the piece.
 */
const PIECE_BYTES = 7900;
const FRAME = /^([^.]+)\.(\d+)\.(\d+)([tb]):/;
const CONTINUATION_MASK = 0xc0;
const CONTINUATION = 0x80;

/** Splits a message; `id` must be unique among all publishers. */
export function toFrames(id: string, message: string): string[] {
  const binary = message.includes("\0");
  const text = Buffer.from(message);
  const bytes = binary ? Buffer.from(text.toString("base64")) : text;
  const pieces: string[] = [];
  let start = 0;
  do {
    const end = endOfPiece(bytes, start);
    pieces.push(bytes.toString("utf8", start, end));
    start = end;
  } while (start < bytes.length);
  const kind = binary ? "b" : "t";
  return pieces.map((piece, index) => `${id}.${index}.${pieces.length}${kind}:${piece}`);
}

/** The last position within a notification's length that does not split a character. */
function endOfPiece(bytes: Buffer, start: number): number {
  let end = Math.min(bytes.length, start + PIECE_BYTES);
  while (end < bytes.length && ((bytes[end] ?? 0) & CONTINUATION_MASK) === CONTINUATION) end -= 1;
  return end;
}

/** Puts messages together again. */
export class FrameAssembler {
  readonly #pieces = new Map<string, string[]>();

  /** The message that this frame completes, or `undefined`. */
  add(frame: string): string | undefined {
    const header = FRAME.exec(frame);
    if (header === null) return undefined;
    const [whole, id = "", index, count, kind] = header;
    const pieces = this.#pieces.get(id) ?? [];
    // A frame was lost with the connection that should have brought it.
    if (Number(index) !== pieces.length) return this.#forget(id);
    pieces.push(frame.slice(whole.length));
    if (pieces.length < Number(count)) return void this.#pieces.set(id, pieces);
    this.#pieces.delete(id);
    const text = pieces.join("");
    return kind === "b" ? Buffer.from(text, "base64").toString() : text;
  }

  /** Forgets messages whose end can no longer come. */
  clear(): void {
    this.#pieces.clear();
  }

  #forget(id: string): undefined {
    this.#pieces.delete(id);
  }
}
