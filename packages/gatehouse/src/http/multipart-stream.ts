import { isDenial, type Denial } from "../kernel/outcome.ts";
import { isBoundary, MOST_PART_HEADER, readPartHeader, type PartHeader } from "./multipart-part.ts";
import { malformed } from "./refusal.ts";

/** Where the bytes of a form come from. */
export interface PieceSource {
  /** The next piece; `undefined` at the end, a denial when the rest does not come. */
  read(): Promise<Uint8Array | Denial | undefined>;
}

/**
 * The parts of `multipart/form-data` (RFC 7578), one after the other, as they arrive: `next` gives the header of a
 * part, `read` its content piece by piece. Holds one piece of the body and no more.
 */
export class MultipartStream {
  readonly #source: PieceSource;
  readonly #delimiter: Buffer;
  // The first boundary has no line before it; this one is ours. What precedes it is an empty part.
  #buffer: Buffer = Buffer.from("\r\n");
  #inPart = true;

  private constructor(source: PieceSource, boundary: string) {
    this.#source = source;
    this.#delimiter = Buffer.from(`\r\n--${boundary}`);
  }

  /** Begins to read a form, or says what is wrong with it. */
  static async open(source: PieceSource, boundary: string | undefined): Promise<MultipartStream | Denial> {
    if (!isBoundary(boundary)) return malformed("The multipart boundary is missing or not valid.");
    const stream = new MultipartStream(source, boundary);
    const before = await stream.read();
    if (before === undefined) return stream;
    return isDenial(before) ? before : malformed("The multipart body does not begin with its boundary.");
  }

  /** The header of the next part, `undefined` after the last. What was not read of the part before is passed over. */
  async next(): Promise<PartHeader | Denial | undefined> {
    while (this.#inPart) {
      const rest = await this.read();
      if (isDenial(rest)) return rest;
    }
    const missing = await this.#fill(2);
    if (missing !== undefined) return missing;
    const mark = this.#take(2).toString("latin1");
    if (mark === "--") return undefined;
    if (mark !== "\r\n") return malformed("A multipart boundary is malformed.");
    const lines = await this.#headerLines();
    const header = isDenial(lines) ? lines : readPartHeader(lines);
    if (typeof header === "string") return malformed(header);
    this.#inPart = !isDenial(header);
    return header;
  }

  /** The next piece of the present part; `undefined` at its end. */
  async read(): Promise<Buffer | Denial | undefined> {
    if (!this.#inPart) return undefined;
    const delimiter = this.#delimiter;
    for (;;) {
      const end = this.#buffer.indexOf(delimiter);
      if (end > 0) return this.#take(end);
      if (end === 0) {
        this.#take(delimiter.length);
        this.#inPart = false;
        return undefined;
      }
      // The last bytes may be the beginning of a boundary.
      const certain = this.#buffer.length - delimiter.length + 1;
      if (certain > 0) return this.#take(certain);
      const missing = await this.#fill(this.#buffer.length + 1);
      if (missing !== undefined) return missing;
    }
  }

  async #headerLines(): Promise<Buffer | Denial> {
    for (;;) {
      const end = this.#buffer.indexOf("\r\n\r\n");
      if (end > MOST_PART_HEADER || (end === -1 && this.#buffer.length > MOST_PART_HEADER + 3))
        return malformed("The header of a multipart field is missing or too long.");
      if (end !== -1) {
        const lines = this.#take(end);
        this.#take(4);
        return lines;
      }
      const missing = await this.#fill(this.#buffer.length + 1);
      if (missing !== undefined) return missing;
    }
  }

  #take(length: number): Buffer {
    const taken = this.#buffer.subarray(0, length);
    this.#buffer = this.#buffer.subarray(length);
    return taken;
  }

  /** Has at least so many bytes at hand, or says why there are not. */
  async #fill(length: number): Promise<Denial | undefined> {
    while (this.#buffer.length < length) {
      const piece = await this.#source.read();
      if (piece === undefined) return malformed("The multipart body has no end.");
      if (isDenial(piece)) return piece;
      const next = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
      this.#buffer = this.#buffer.length === 0 ? next : Buffer.concat([this.#buffer, next]);
    }
    return undefined;
  }
}
