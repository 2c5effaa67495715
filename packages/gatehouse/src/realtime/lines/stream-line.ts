import { utf8 } from "../../kernel/codec.ts";
import { pause, type Timers } from "../../kernel/timers.ts";
import type { Transport, TransportEvents } from "../transport.ts";
import { disconnectPush } from "../protocol/encode.ts";

/** How messages are written to a stream. */
export interface StreamFraming {
  readonly kind: "http_stream" | "sse";
  readonly contentType: string;
  /** Sent before the first message, so that the reader knows that the stream is open. */
  readonly preamble: string;
  frame(message: Uint8Array): Uint8Array;
}

/** What a stream is kept with. */
export interface StreamLineParts {
  readonly framing: StreamFraming;
  readonly timers: Timers;
  /** Closes the connection of a reader that takes nothing; absent where something else than Node's server sends it. */
  readonly cut: (() => void) | undefined;
}

/** Milliseconds in which a reader has to take what is left of a line that is closed. */
const LAST_WORDS = 5_000;
/** Bytes that are handed to the network in one piece where that many wait. */
const PIECE = 64 * 1024;
const NEWLINE = 10;

/** One JSON object a line. */
export const HTTP_STREAM: StreamFraming = {
  kind: "http_stream",
  contentType: "application/x-ndjson",
  preamble: "",
  frame: (message) => Buffer.concat([message, utf8("\n")]),
};

/** Server-sent events. */
export const SSE: StreamFraming = {
  kind: "sse",
  contentType: "text/event-stream",
  preamble: ": open\n\n",
  frame: (message) => {
    const pieces: Uint8Array[] = [];
    for (let start = 0; start <= message.length;) {
      const end = message.indexOf(NEWLINE, start);
      const stop = end === -1 ? message.length : end;
      pieces.push(utf8("data: "), message.subarray(start, stop), utf8("\n"));
      start = stop + 1;
    }
    return Buffer.concat([...pieces, utf8("\n")]);
  },
};

/** A line whose messages are the body of an answer; what the client says comes in requests of their own. */
export class StreamLine implements Transport {
  readonly kind: StreamFraming["kind"];
  readonly body: ReadableStream<Uint8Array>;
  readonly #parts: StreamLineParts;
  #events: TransportEvents | undefined;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #queue: Uint8Array[] = [];
  #buffered = 0;
  /** Whether the network asks for more. */
  #hungry = false;
  #state: "open" | "closing" | "closed" = "open";
  #deadline: Disposable | undefined;
  #reading = Promise.resolve();
  #goOn: (() => void) | undefined;

  constructor(parts: StreamLineParts) {
    const { framing } = parts;
    this.#parts = parts;
    this.kind = framing.kind;
    this.body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => {
          this.#hungry = true;
          this.#give();
        },
        cancel: () => this.#finish(),
      },
      { highWaterMark: 0 },
    );
    if (framing.preamble !== "") this.#enqueue(utf8(framing.preamble));
  }

  get buffered(): number {
    return this.#buffered;
  }

  /** Says who hears of the line, once it is known. */
  begin(events: TransportEvents): void {
    this.#events = events;
    if (this.#state === "closed") events.closed();
  }

  /** Hands on what the client has said; whether the line was there to take it. */
  async receive(message: string, patience: number): Promise<boolean> {
    await pause(this.#parts.timers, patience, { sooner: this.#reading });
    if (this.#state !== "open" || this.#goOn !== undefined) return false;
    this.#events?.received(message);
    return true;
  }

  send(message: Uint8Array): void {
    if (this.#state !== "open") return;
    this.#enqueue(this.#parts.framing.frame(message));
  }

  close(code: number, reason: string): void {
    if (this.#state !== "open") return;
    this.send(utf8(disconnectPush({ code, reason })));
    this.#state = "closing";
    this.resume();
    this.#deadline = this.#parts.timers.after(LAST_WORDS, () => this.cut(), "background");
    this.#give();
  }

  cut(): void {
    if (this.#state === "closed") return;
    this.#finish();
    const { cut } = this.#parts;
    if (cut === undefined) this.#controller?.error(new Error("The line was cut."));
    else cut();
  }

  pause(): void {
    if (this.#goOn !== undefined || this.#state !== "open") return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#reading = promise;
    this.#goOn = resolve;
  }

  resume(): void {
    this.#goOn?.();
    this.#goOn = undefined;
  }

  #enqueue(piece: Uint8Array): void {
    this.#queue.push(piece);
    this.#buffered += piece.length;
    this.#give();
  }

  #give(): void {
    if (!this.#hungry || this.#state === "closed") return;
    if (this.#queue.length > 0) {
      this.#hungry = false;
      this.#controller?.enqueue(this.#nextPiece());
    } else if (this.#state === "closing") {
      this.#controller?.close();
      this.#finish();
    }
  }

  #nextPiece(): Uint8Array {
    let count = 0;
    let size = 0;
    while (count < this.#queue.length && (count === 0 || size < PIECE)) {
      size += this.#queue[count]?.length ?? 0;
      count += 1;
    }
    this.#buffered -= size;
    const pieces = this.#queue.splice(0, count);
    return Buffer.concat(pieces);
  }

  #finish(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#queue = [];
    this.#buffered = 0;
    this.#deadline?.[Symbol.dispose]();
    this.resume();
    const events = this.#events;
    // Whoever closes a line has not finished what it was doing.
    if (events !== undefined) queueMicrotask(() => events.closed());
  }
}
