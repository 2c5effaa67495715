import { utf8 } from "../../kernel/codec.ts";
import type { PushLine } from "../../kernel/ports/push-source.ts";
import type { Timers } from "../../kernel/timers.ts";
import { eventText } from "./event-text.ts";
import type { Follower, News } from "./follower.ts";

/** What a body is made with. */
export interface EventBodyParts {
  /** Bytes that may wait for a slow reader. */
  readonly buffer: number;
  readonly timers: Timers;
  /** Closes the connection of a reader that takes nothing. Absent: its body fails. */
  readonly cut: (() => void) | undefined;
}

/** Milliseconds in which a reader has to take what is left of a stream that has ended. */
const LAST_WORDS = 5_000;

/** What a follower tells, as the body of a response: an event stream. */
export class EventBody implements PushLine {
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly #follower: Follower;
  readonly #parts: EventBodyParts;
  #controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>> | undefined;
  #closed = false;

  constructor(follower: Follower, parts: EventBodyParts) {
    this.#follower = follower;
    this.#parts = parts;
    this.stream = new ReadableStream<Uint8Array<ArrayBuffer>>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        cancel: () => this.#close(),
      },
      { highWaterMark: parts.buffer, size: ({ byteLength }) => byteLength },
    );
    follower.begin(this);
  }

  tell({ event, id, components }: News): void {
    if (this.#closed || this.#controller === undefined) return;
    const fields =
      components === undefined ? { comment: event, id } : { id, event, data: JSON.stringify({ components }) };
    this.#controller.enqueue(utf8(eventText(fields)));
    if ((this.#controller.desiredSize ?? 0) > 0) return;
    // It gets news again once it asks for them; nothing is kept for it meanwhile.
    this.#close();
    if (this.#parts.cut === undefined) this.#controller.error(new Error("The reader was too slow."));
    else this.#parts.cut();
  }

  ended(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#controller?.close();
    this.#parts.timers.after(LAST_WORDS, () => this.#parts.cut?.(), "background");
  }

  /** Its reader gets nothing any more. */
  #close(): void {
    this.#closed = true;
    this.#follower.end();
  }
}
