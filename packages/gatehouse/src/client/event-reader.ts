/** One message of an event stream. */
export interface StreamEvent {
  readonly event: string;
  readonly data: string;
  /** Where the stream is, once it has said so. */
  readonly id: string;
}

/** Reads an event stream (HTML, section 9.2.6) as it arrives, in pieces of any size. */
export class EventReader {
  #rest = "";
  #id = "";
  #event = "";
  #data: string[] = [];

  /** The messages that a further piece completes. One without data says nothing but where the stream is. */
  take(piece: string): StreamEvent[] {
    // The second half of a line break may be still to come.
    const lines = (this.#rest + piece).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop() ?? "";
    return lines.flatMap((line) => this.#read(line) ?? []);
  }

  #read(line: string): StreamEvent | undefined {
    if (line === "") {
      const message = { event: this.#event, data: this.#data.join("\n"), id: this.#id };
      this.#event = "";
      this.#data = [];
      return message;
    }
    const [, name, value = ""] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
    if (name === "id") this.#id = value;
    else if (name === "event") this.#event = value;
    else if (name === "data") this.#data.push(value);
    return undefined;
  }
}
