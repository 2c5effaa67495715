/** Something that hands over what has been gathered. */
interface Flushable {
  flush(): void;
}

const NEWLINE = 0x0a;

/** Has all outboxes of a process hand over what they gathered, once a turn of the event loop. */
export class Flusher {
  #waiting: Flushable[] = [];
  #last: readonly Uint8Array[] = [];
  #joined: Uint8Array = new Uint8Array();

  /** Has an outbox flushed at the end of this turn. */
  add(outbox: Flushable): void {
    this.#waiting.push(outbox);
    if (this.#waiting.length === 1) setImmediate(() => this.#flush());
  }

  /**
   * The messages as one, each on a line of its own. Where many recipients get the same ones, as those who hear one channel
   * do, they share the bytes.
   */
  join(messages: readonly Uint8Array[]): Uint8Array {
    const [only] = messages;
    if (only === undefined || messages.length === 1) return only ?? new Uint8Array();
    if (!isSame(messages, this.#last)) {
      this.#last = messages;
      this.#joined = joinLines(messages);
    }
    return this.#joined;
  }

  #flush(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const outbox of waiting) outbox.flush();
    this.#last = [];
    this.#joined = new Uint8Array();
  }
}

function isSame(left: readonly Uint8Array[], right: readonly Uint8Array[]): boolean {
  return left.length === right.length && left.every((message, index) => message === right[index]);
}

function joinLines(messages: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(messages.reduce((sum, { byteLength }) => sum + byteLength + 1, -1));
  let offset = 0;
  for (const message of messages) {
    if (offset > 0) joined[offset - 1] = NEWLINE;
    joined.set(message, offset);
    offset += message.byteLength + 1;
  }
  return joined;
}
